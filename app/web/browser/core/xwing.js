// Owns X-Wing where it has to be quick: X25519 by the browser, and private keys expanded once.
//
// An envelope's reader tries its keys on every slot. The library expands a seed at each try, which
// is most of the work, and computes X25519 in JavaScript, which is most of the rest.

import { XWing } from "@hpke/hybridkem-x-wing";
import { sha3_256, shake256 } from "mlkem";
import { equal, join, unhex } from "./bytes.js";

/** @import { Bytes } from "./bytes.js" */
/** @typedef {{kem: Uint8Array, curve: Bytes, curvePublic: Bytes}} Expanded */

const CURVE = { name: "X25519" };
const BASE = join(new Uint8Array([9]), new Uint8Array(31));
/** What stands before a raw X25519 private key in PKCS #8 (RFC 8410). */
const PKCS8 = unhex("0x302e020100300506032b656e04220420");
/** draft-connolly-cfrg-xwing-kem: `\.//^\` */
const LABEL = unhex("0x5c2e2f2f5e5c");
const KEM_CIPHERTEXT = 1088;

/** X25519 by WebCrypto; a browser without it leaves the work to the library. */
class NativeX25519 {
  /** @param {{derive(sk: Uint8Array, pk: Uint8Array): Promise<Uint8Array>}} otherwise */
  constructor(otherwise) {
    this.otherwise = otherwise;
    /** @type {Promise<boolean> | null} */
    this.known = null;
  }

  /** @param {Uint8Array} secret @param {Uint8Array} point @returns {Promise<Uint8Array>} */
  async derive(secret, point) {
    this.known ??= this.works();
    return (await this.known) ? this.native(secret, point) : this.otherwise.derive(secret, point);
  }

  /** @param {Uint8Array} secret @param {Uint8Array} point @returns {Promise<Uint8Array>} */
  async native(secret, point) {
    const { subtle } = crypto;
    const [own, other] = await Promise.all([
      subtle.importKey("pkcs8", join(PKCS8, secret), CURVE, false, ["deriveBits"]),
      subtle.importKey("raw", join(point), CURVE, false, []),
    ]);
    const shared = await subtle.deriveBits({ ...CURVE, public: other }, own, 256);
    const made = new Uint8Array(shared);
    if (equal(made, new Uint8Array(32))) throw new RangeError("a point of low order");
    return made;
  }

  /** Whether this browser gives RFC 7748's answer (section 6.1, Alice's public key). */
  async works() {
    const secret = unhex("0x77076d0a7318a57d3c16c17251b26645df4c2f92ebc009aa2c3b27d0d4c5e3a6");
    try {
      const made = await this.native(secret, BASE);
      return equal(made, await this.otherwise.derive(secret, BASE));
    } catch (failure) {
      if (failure instanceof DOMException) return false;
      throw failure;
    }
  }
}

/** X-Wing that keeps what it expanded from a private key for as long as the key is held. */
export class KeepingXWing extends XWing {
  constructor() {
    super();
    // the library calls nothing of it but `derive`
    this._x25519 = /** @type {any} */ (new NativeX25519(this._x25519));
    /** @type {WeakMap<CryptoKey, Promise<Expanded>>} */
    this.expanded = new WeakMap();
  }

  /** @override @param {import("@hpke/common").RecipientContextParams} params */
  async decap(params) {
    const { recipientKey } = params;
    const key = "privateKey" in recipientKey ? recipientKey.privateKey : recipientKey;
    const ciphertext = new Uint8Array(/** @type {ArrayBuffer} */ (params.enc));
    const { kem, curve, curvePublic } = await this.expand(key);
    const [kemSecret, curveSecret] = await Promise.all([
      this._m.decap(ciphertext.subarray(0, KEM_CIPHERTEXT), kem),
      this._x25519.derive(curve, ciphertext.subarray(KEM_CIPHERTEXT)),
    ]);
    const point = ciphertext.subarray(KEM_CIPHERTEXT);
    const shared = sha3_256(join(kemSecret, curveSecret, point, curvePublic, LABEL));
    return join(shared).buffer;
  }

  /** @param {CryptoKey} key */
  expand(key) {
    let expanded = this.expanded.get(key);
    if (expanded === undefined) {
      expanded = this.expandAnew(key);
      this.expanded.set(key, expanded);
    }
    return expanded;
  }

  /** @param {CryptoKey} key @returns {Promise<Expanded>} */
  async expandAnew(key) {
    const seed = new Uint8Array(await this.serializePrivateKey(key));
    const whole = shake256.create({ dkLen: 96 }).update(seed).digest();
    const [, kem] = await this._m.deriveKeyPair(whole.subarray(0, 64));
    const curve = join(whole.subarray(64));
    return { kem, curve, curvePublic: join(await this._x25519.derive(curve, BASE)) };
  }
}
