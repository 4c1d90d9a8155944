// Owns what the core asks of the chain; the client answers it (app/core/ports.py, in JavaScript).

/** @import { Bytes } from "./bytes.js" */

/**
 * What the contracts say at one block; every answer belongs to that block.
 * @typedef {object} ChainView
 * @property {number} time the block's timestamp
 * @property {(judge: string, root: Bytes) => Promise<number>} anchoredAt 0 where it never was
 * @property {(person: string, signer: string, at: number) => Promise<boolean>} speaksFor
 * @property {(person: string) => Promise<string>} keyOf the zero address where not enrolled
 * @property {(person: string) => Promise<bigint | number>} nonceOf
 * @property {(person: string) => Promise<Bytes>} keysHash zero where not enrolled
 * @property {(person: string, at: number) => Promise<number>} credentialRole 0 for none
 * @property {(person: string, role: number, at: number) => Promise<boolean>} holdsCredential
 * @property {(person: string, at: number) => Promise<number>} rolesOf bit r stands for role r
 * @property {(registrar: string, role: number, at: number) => Promise<boolean>} isRegistrar
 * @property {(organization: string, membership: Bytes) => Promise<number>} membershipEndedAt
 * @property {(patient: string) => Promise<bigint>} tag
 * @property {(patient: string, word: bigint) => Promise<bigint>} revokedBits
 * @property {(person: string, record: Bytes) => Promise<number>} retractedAt
 * @property {(account: string, digest: Bytes, signature: Bytes) => Promise<boolean>} accepts
 */

export {};
