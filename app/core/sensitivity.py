"""Owns what makes a FHIR resource specially protected: security labels and well-known codes.

The tables are short on purpose: codes whose mere presence tells one of the four protected things.
They miss free text and rare codes; docs/categories.md says what follows from that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.core.fhir_names import word_set

SUBSTANCE: Final = "substance-use"
SEXUAL: Final = "sexual-health"
GENETICS: Final = "genetics"
MENTAL: Final = "mental-health"

PRECEDENCE: Final = (SUBSTANCE, SEXUAL, GENETICS, MENTAL)
"""Who takes a resource that tells several protected things; the wide mental-health comes last."""

LABELS: Final[Mapping[str, str]] = {
    # HL7 v3 ActCode, value set ActInformationSensitivityPolicy
    "ETH": SUBSTANCE, "SUD": SUBSTANCE, "ETHUD": SUBSTANCE, "OPIOIDUD": SUBSTANCE,
    "HIV": SEXUAL, "STD": SEXUAL, "SEX": SEXUAL,
    # abuse and violence have no category of their own; SDV itself begins with sexual assault
    "SDV": SEXUAL, "MST": SEXUAL, "VIO": SEXUAL,
    "GDIS": GENETICS, "SCA": GENETICS, "SICKLE": GENETICS,
    "PSY": MENTAL, "PSYTHPN": MENTAL, "MH": MENTAL, "BH": MENTAL, "EMOTDIS": MENTAL,
    "COGN": MENTAL, "DVD": MENTAL, "SPI": MENTAL, "TBOO": MENTAL,
    # HL7 v3 ActCode, value set ActUSPrivacyLaw
    "42CFRPart2": SUBSTANCE, "Title38Section7332": SUBSTANCE, "HIPAAPsyNotes": MENTAL,
}  # fmt: skip
"""Sensitivity labels of http://terminology.hl7.org/CodeSystem/v3-ActCode and where they lead."""

_ACT_CODE = frozenset({
    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "http://hl7.org/fhir/v3/ActCode",
    "urn:oid:2.16.840.1.113883.5.4",
})  # fmt: skip


def _prefixes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# ICD-10 and its national editions, without the dot. The first line that fits decides.
_ICD10: Final = (
    (SUBSTANCE, _prefixes(
        "F10 F11 F12 F13 F14 F15 F16 F17 F18 F19 F55 E244 G312 G621 G721 I426 K292 K70 K852 K860 "
        "O354 O355 O9931 O9932 P043 P044 R780 R781 R782 R783 R784 T40 T51 X45 X65 Y90 Y91 Z502 "
        "Z503 Z714 Z715 Z721 Z722 Z811 Z812 Z813 Z864"
    )),
    (SEXUAL, _prefixes(
        "A50 A51 A52 A53 A54 A55 A56 A57 A58 A59 A60 A63 A64 B20 B21 B22 B23 B24 F52 F64 F65 F66 "
        "N46 N484 N52 N97 O04 O07 O987 R75 T74 T76 Y05 Y07 Z044 Z113 Z114 Z202 Z206 Z21 Z30 Z31 "
        "Z332 Z640 Z70 Z717 Z725 Z830"
    )),
    (GENETICS, _prefixes("D57 E84 G10 Q90 Q91 Q92 Q93 Q95 Q96 Q97 Q98 Q99 Z14 Z15 Z1371 Z1379")),
    (MENTAL, _prefixes(
        "F R45 T1491 X6 X70 X71 X72 X73 X74 X75 X76 X77 X78 X79 X80 X81 X82 X83 X84 Z133 Z504 "
        "Z658 Z818 Z865 Z914 Z915"
    )),
)  # fmt: skip

# ICD-9-CM, still found in charts that began before 2015.
_ICD9: Final = (
    (SUBSTANCE, _prefixes("291 292 303 304 305 9650 V113")),
    (SEXUAL, _prefixes(
        "042 043 044 V08 07953 79571 090 091 092 093 094 095 096 097 098 099 302 6071 606 628 635 "
        "636 637 638 9955 9958 V25 V26 V016 V027 V028 V745"
    )),
    (GENETICS, _prefixes("2826 2770 3334 758 V83 V84")),
    (MENTAL, _prefixes("290 293 294 295 296 297 298 299 30 31 E95 V11 V40 V6284 V79")),
)  # fmt: skip

# WHO ATC: classes given for almost nothing else.
_ATC: Final = (
    (SUBSTANCE, _prefixes("N07BB N07BC")),
    (SEXUAL, _prefixes("J05AR J05AG J05AJ G02B G03A G03XB G04BE")),
    (MENTAL, _prefixes("N05A N06A N06B N06D")),
)

_SNOMED: Final[Mapping[str, frozenset[str]]] = {
    SUBSTANCE: word_set(
        "5602001 6525002 7200002 15167005 26416006 31956009 55680006 56876005 60112009 61480009 "
        "66590003 75544000 85005007 191816009 266707007 361055000 425741009 713106006 724713006 "
        "762993000 1149222004 145121000119106 428211000124100 10939881000119105"
    ),
    SEXUAL: word_set(
        "8098009 10383002 15628003 31676001 33839006 56335008 57797005 62479008 65200003 76272004 "
        "86406008 93461009 111880001 165816005 165829005 169553002 240589008 266113007 269828009 "
        "310861008 386394001 706893006 714812005 866148006"
    ),
    GENETICS: word_set(
        "41040004 58756001 127040003 190905008 412734009 412738007 417357006 427089005 443529005 "
        "444260001 707418001 707577004"
    ),
    MENTAL: word_set(
        "1376001 6471006 13746004 20010003 21897009 26929004 35489007 35919005 36923009 44301001 "
        "47505003 48694002 52448006 56882008 58214004 66344007 69322001 72366004 74732009 78004001 "
        "80583007 82313006 86849004 88848003 90407005 171207006 183401008 191736004 192127007 "
        "197480006 225337009 228557008 230265002 231504006 287182007 287185009 310495003 310496002 "
        "310497006 370143000 371631005 386257007 386522008 406506008 408856003 444175001 710841007 "
        "715252007 720433000 454711000124102"
    ),
}  # fmt: skip

_LOINC: Final[Mapping[str, frozenset[str]]] = {
    # AUDIT, AUDIT-C and its items, DAST-10
    SUBSTANCE: word_set("68517-2 68518-0 68519-8 68520-6 72109-2 75624-7 75626-2 "
                                   "82666-9 82667-7"),
    # HIV, syphilis, chlamydia, gonorrhoea; HARK (domestic abuse)
    SEXUAL: word_set(
        "5221-7 5292-8 7917-8 7918-6 20447-9 20507-0 21613-5 22357-8 24110-9 24111-7 25836-8 "
        "29893-5 31201-7 43304-5 43305-2 56888-1 68961-2 75622-1 76504-0"
    ),
    # genetic reports and the parts of HL7's variant reporting panel
    GENETICS: word_set(
        "48004-6 48005-3 48018-6 51968-6 51969-4 53037-8 69548-6 81247-9 81252-9 81290-9"
    ),
    # PHQ-2, PHQ-9 and its items, PHQ-A, GAD-7 and its items, EPDS, MMSE, psychiatry notes
    MENTAL: word_set(
        "44249-1 44250-9 44251-7 44252-5 44253-3 44254-1 44255-8 44258-2 44259-0 44260-8 44261-6 "
        "55757-9 55758-7 69722-7 89204-2 68509-9 69689-8 69725-0 69733-4 69734-2 69735-9 69736-7 "
        "69737-5 70274-6 71354-5 72106-8 28627-8 28635-3 34788-0"
    ),
}  # fmt: skip

# Medicines are coded per strength and pack, so their ingredient is looked for by name.
_MEDICINES: Final[Mapping[str, frozenset[str]]] = {
    SUBSTANCE: word_set(
        "acamprosate buprenorphine disulfiram lofexidine methadone nalmefene naltrexone varenicline"
    ),
    SEXUAL: word_set(
        "abacavir atazanavir bictegravir cabotegravir darunavir dolutegravir doravirine efavirenz "
        "elvitegravir emtricitabine etravirine lopinavir maraviroc nevirapine raltegravir "
        "rilpivirine zidovudine levonorgestrel mifepristone ulipristal sildenafil tadalafil "
        "vardenafil"
    ),
    MENTAL: word_set(
        "agomelatine amitriptyline aripiprazole atomoxetine bupropion buspirone citalopram "
        "clomipramine clozapine desvenlafaxine donepezil duloxetine escitalopram fluoxetine "
        "fluvoxamine haloperidol imipramine lithium lurasidone memantine methylphenidate "
        "mirtazapine nortriptyline olanzapine paliperidone paroxetine quetiapine risperidone "
        "sertraline trazodone venlafaxine vortioxetine ziprasidone"
    ),
}  # fmt: skip

_ICD10_SYSTEM = re.compile(r"icd-?10|2\.16\.840\.1\.113883\.6\.(3|90)$", re.IGNORECASE)
_ICD9_SYSTEM = re.compile(r"icd-?9|2\.16\.840\.1\.113883\.6\.(42|103|104)$", re.IGNORECASE)
_SNOMED_SYSTEM = re.compile(r"snomed\.info/sct|2\.16\.840\.1\.113883\.6\.96$", re.IGNORECASE)
_LOINC_SYSTEM = re.compile(r"loinc\.org|2\.16\.840\.1\.113883\.6\.1$", re.IGNORECASE)
_ATC_SYSTEM = re.compile(r"whocc\.no/atc|/atc$|2\.16\.840\.1\.113883\.6\.73$", re.IGNORECASE)
_MEDICINE_SYSTEM = re.compile(r"rxnorm|/ndc$|whocc|/atc$", re.IGNORECASE)
_PROCEDURE_SYSTEM = re.compile(r"-pcs|2\.16\.840\.1\.113883\.6\.104$", re.IGNORECASE)
_ICD9_PROCEDURE = re.compile(r"[0-9]{2}\.")  # same system as the diagnoses, one digit less
_WORDS = re.compile(r"[a-z]+")
_LOINC_CODE = re.compile(r"(?<![0-9])[0-9]{1,5}-[0-9](?![0-9])")
_MEDICATION_TYPES = frozenset(
    {"Medication", "MedicationRequest", "MedicationStatement", "MedicationDispense",
     "MedicationAdministration"}
)  # fmt: skip


def sensitivities_of(resource: Mapping[str, Any]) -> frozenset[str]:
    """The protected categories that a resource tells by its labels or codes; contained ones count.

    A label counts in `meta.security` and `securityLabel` whatever its system, and an HL7 v3 ActCode
    wherever it stands (DS4P puts the law behind a label into an extension).
    """
    found = set()
    for label in _labels(resource):
        code = label.get("code")
        if isinstance(code, str) and code in LABELS:
            found.add(LABELS[code])
    for node in _objects(resource):
        found.update(_told_by(node))
        if node.get("resourceType") in _MEDICATION_TYPES:
            for part in _objects([node.get("medicationCodeableConcept"), node.get("code")]):
                found.update(_told_by_name(part.get("text")))
                found.update(_told_by_name(part.get("display")))
    return frozenset(found)


def _labels(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    meta = resource.get("meta")
    security = meta.get("security") if isinstance(meta, Mapping) else None
    yield from _objects(security)
    yield from _objects(resource.get("securityLabel"))


def _objects(node: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield node
            waiting.extend(v for v in node.values() if isinstance(v, Mapping | list))
        elif isinstance(node, list):
            waiting.extend(node)


def _told_by(node: Mapping[str, Any]) -> Iterator[str]:
    """What one object tells: a Coding by system and code, a questionnaire by its LOINC numbers."""
    system, code = node.get("system"), node.get("code")
    if isinstance(system, str) and isinstance(code, str):
        if system in _ACT_CODE:
            if code in LABELS:
                yield LABELS[code]
        elif _ICD10_SYSTEM.search(system) and not _PROCEDURE_SYSTEM.search(system):
            yield from _told_by_prefix(_ICD10, code)
        elif _ICD9_SYSTEM.search(system) and not _PROCEDURE_SYSTEM.search(system):
            if not _ICD9_PROCEDURE.match(code):
                yield from _told_by_prefix(_ICD9, code)
        elif _SNOMED_SYSTEM.search(system):
            yield from (kind for kind, codes in _SNOMED.items() if code in codes)
        elif _LOINC_SYSTEM.search(system):
            yield from (kind for kind, codes in _LOINC.items() if code in codes)
        elif _ATC_SYSTEM.search(system):
            yield from _told_by_prefix(_ATC, code)
        if _MEDICINE_SYSTEM.search(system):
            yield from _told_by_name(node.get("display"))
    for key in ("linkId", "questionnaire"):
        named = node.get(key)
        if isinstance(named, str):
            for number in _LOINC_CODE.findall(named):
                yield from (kind for kind, codes in _LOINC.items() if number in codes)


def _told_by_prefix(table: tuple[tuple[str, tuple[str, ...]], ...], code: str) -> Iterator[str]:
    plain = code.replace(".", "").upper()
    for kind, prefixes in table:
        if plain.startswith(prefixes):
            yield kind
            return


def _told_by_name(text: object) -> Iterator[str]:
    if isinstance(text, str):
        words = set(_WORDS.findall(text.lower()))
        yield from (kind for kind, names in _MEDICINES.items() if words & names)
