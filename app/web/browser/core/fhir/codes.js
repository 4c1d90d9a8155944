// Owns the tables of what makes a FHIR resource specially protected (app/core/sensitivity.py).
//
// Short on purpose: codes whose mere presence tells one of the four protected things. They miss
// free text and rare codes; docs/categories.md says what follows from that.

import { words } from "./tables.js";

export const SUBSTANCE = "substance-use";
export const SEXUAL = "sexual-health";
export const GENETICS = "genetics";
export const MENTAL = "mental-health";

/** Who takes a resource that tells several protected things; the wide mental-health comes last. */
export const PRECEDENCE = [SUBSTANCE, SEXUAL, GENETICS, MENTAL];

/** Sensitivity labels of HL7 v3 ActCode and where they lead. @type {Map<string, string>} */
export const LABELS = new Map(
  /** @type {[string, string[]][]} */ ([
    [SUBSTANCE, words`ETH SUD ETHUD OPIOIDUD 42CFRPart2 Title38Section7332`],
    [SEXUAL, words`HIV STD SEX SDV MST VIO`],
    [GENETICS, words`GDIS SCA SICKLE`],
    [MENTAL, words`PSY PSYTHPN MH BH EMOTDIS COGN DVD SPI TBOO HIPAAPsyNotes`],
  ]).flatMap(([kind, codes]) => codes.map((code) => [code, kind])),
);

/**
 * ICD-10 and its national editions, without the dot; the first line that fits decides.
 * @type {[string, string[]][]}
 */
export const ICD10 = [
  [SUBSTANCE, words`
    F10 F11 F12 F13 F14 F15 F16 F17 F18 F19 F55 E244 G312 G621 G721 I426 K292 K70 K852 K860 O354
    O355 O9931 O9932 P043 P044 R780 R781 R782 R783 R784 T40 T51 X45 X65 Y90 Y91 Z502 Z503 Z714
    Z715 Z721 Z722 Z811 Z812 Z813 Z864
  `],
  [SEXUAL, words`
    A50 A51 A52 A53 A54 A55 A56 A57 A58 A59 A60 A63 A64 B20 B21 B22 B23 B24 F52 F64 F65 F66 N46
    N484 N52 N97 O04 O07 O987 R75 T74 T76 Y05 Y07 Z044 Z113 Z114 Z202 Z206 Z21 Z30 Z31 Z332 Z640
    Z70 Z717 Z725 Z830
  `],
  [GENETICS, words`
    D57 E84 G10 Q90 Q91 Q92 Q93 Q95 Q96 Q97 Q98 Q99 Z14 Z15 Z1371 Z1379
  `],
  [MENTAL, words`
    F R45 T1491 X6 X70 X71 X72 X73 X74 X75 X76 X77 X78 X79 X80 X81 X82 X83 X84 Z133 Z504 Z658 Z818
    Z865 Z914 Z915
  `],
];

/** ICD-9-CM, still found in charts that began before 2015. @type {[string, string[]][]} */
export const ICD9 = [
  [SUBSTANCE, words`291 292 303 304 305 9650 V113`],
  [SEXUAL, words`
    042 043 044 V08 07953 79571 090 091 092 093 094 095 096 097 098 099 302 6071 606 628 635 636
    637 638 9955 9958 V25 V26 V016 V027 V028 V745
  `],
  [GENETICS, words`2826 2770 3334 758 V83 V84`],
  [MENTAL, words`290 293 294 295 296 297 298 299 30 31 E95 V11 V40 V6284 V79`],
];

/** WHO ATC: classes given for almost nothing else. @type {[string, string[]][]} */
export const ATC = [
  [SUBSTANCE, words`N07BB N07BC`],
  [SEXUAL, words`J05AR J05AG J05AJ G02B G03A G03XB G04BE`],
  [MENTAL, words`N05A N06A N06B N06D`],
];

/** SNOMED CT. @type {[string, Set<string>][]} */
export const SNOMED = [
  [SUBSTANCE, new Set(words`
    5602001 6525002 7200002 15167005 26416006 31956009 55680006 56876005 60112009 61480009
    66590003 75544000 85005007 191816009 266707007 361055000 425741009 713106006 724713006
    762993000 1149222004 145121000119106 428211000124100 10939881000119105
  `)],
  [SEXUAL, new Set(words`
    8098009 10383002 15628003 31676001 33839006 56335008 57797005 62479008 65200003 76272004
    86406008 93461009 111880001 165816005 165829005 169553002 240589008 266113007 269828009
    310861008 386394001 706893006 714812005 866148006
  `)],
  [GENETICS, new Set(words`
    41040004 58756001 127040003 190905008 412734009 412738007 417357006 427089005 443529005
    444260001 707418001 707577004
  `)],
  [MENTAL, new Set(words`
    1376001 6471006 13746004 20010003 21897009 26929004 35489007 35919005 36923009 44301001
    47505003 48694002 52448006 56882008 58214004 66344007 69322001 72366004 74732009 78004001
    80583007 82313006 86849004 88848003 90407005 171207006 183401008 191736004 192127007 197480006
    225337009 228557008 230265002 231504006 287182007 287185009 310495003 310496002 310497006
    370143000 371631005 386257007 386522008 406506008 408856003 444175001 710841007 715252007
    720433000 454711000124102
  `)],
];

/**
 * LOINC: questionnaires, tests and reports that tell what they are about.
 * @type {[string, Set<string>][]}
 */
export const LOINC = [
  [SUBSTANCE, new Set(words`
    68517-2 68518-0 68519-8 68520-6 72109-2 75624-7 75626-2 82666-9 82667-7
  `)],
  [SEXUAL, new Set(words`
    5221-7 5292-8 7917-8 7918-6 20447-9 20507-0 21613-5 22357-8 24110-9 24111-7 25836-8 29893-5
    31201-7 43304-5 43305-2 56888-1 68961-2 75622-1 76504-0
  `)],
  [GENETICS, new Set(words`
    48004-6 48005-3 48018-6 51968-6 51969-4 53037-8 69548-6 81247-9 81252-9 81290-9
  `)],
  [MENTAL, new Set(words`
    28627-8 28635-3 34788-0 44249-1 44250-9 44251-7 44252-5 44253-3 44254-1 44255-8 44258-2
    44259-0 44260-8 44261-6 55757-9 55758-7 68509-9 69689-8 69722-7 69725-0 69733-4 69734-2
    69735-9 69736-7 69737-5 70274-6 71354-5 72106-8 89204-2
  `)],
];

/**
 * Medicines are coded per strength and pack, so their ingredient is looked for by name.
 * @type {[string, Set<string>][]}
 */
export const MEDICINES = [
  [SUBSTANCE, new Set(words`
    acamprosate buprenorphine disulfiram lofexidine methadone nalmefene naltrexone varenicline
  `)],
  [SEXUAL, new Set(words`
    abacavir atazanavir bictegravir cabotegravir darunavir dolutegravir doravirine efavirenz
    elvitegravir emtricitabine etravirine levonorgestrel lopinavir maraviroc mifepristone
    nevirapine raltegravir rilpivirine sildenafil tadalafil ulipristal vardenafil zidovudine
  `)],
  [MENTAL, new Set(words`
    agomelatine amitriptyline aripiprazole atomoxetine bupropion buspirone citalopram clomipramine
    clozapine desvenlafaxine donepezil duloxetine escitalopram fluoxetine fluvoxamine haloperidol
    imipramine lithium lurasidone memantine methylphenidate mirtazapine nortriptyline olanzapine
    paliperidone paroxetine quetiapine risperidone sertraline trazodone venlafaxine vortioxetine
    ziprasidone
  `)],
];
