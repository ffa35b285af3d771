import type { RangeSet } from "./range-set.ts";
import { scalarsMatching } from "./unicode.ts";

// Names as JavaScript spells them; Rust compares names loosely (UAX #44, LM3), so `\p{greek}` and `\p{Script=GREEK}`
// are one.
const categories = `C Other Cc Control Cf Format Cn Unassigned Co Private_Use L Letter LC Cased_Letter Ll
Lowercase_Letter Lm Modifier_Letter Lo Other_Letter Lt Titlecase_Letter Lu Uppercase_Letter M Mark Mc Spacing_Mark Me
Enclosing_Mark Mn Nonspacing_Mark N Number Nd Decimal_Number Nl Letter_Number No Other_Number P Punctuation Pc
Connector_Punctuation Pd Dash_Punctuation Pe Close_Punctuation Pf Final_Punctuation Pi Initial_Punctuation Po
Other_Punctuation Ps Open_Punctuation S Symbol Sc Currency_Symbol Sk Modifier_Symbol Sm Math_Symbol So Other_Symbol Z
Separator Zl Line_Separator Zp Paragraph_Separator Zs Space_Separator`;
const binary = `ASCII ASCII_Hex_Digit Alphabetic Any Assigned Bidi_Control Bidi_Mirrored Case_Ignorable Cased
Changes_When_Casefolded Changes_When_Casemapped Changes_When_Lowercased Changes_When_NFKC_Casefolded
Changes_When_Titlecased Changes_When_Uppercased Dash Default_Ignorable_Code_Point Deprecated Diacritic Emoji
Emoji_Component Emoji_Modifier Emoji_Modifier_Base Emoji_Presentation Extended_Pictographic Extender Grapheme_Base
Grapheme_Extend Hex_Digit IDS_Binary_Operator IDS_Trinary_Operator ID_Continue ID_Start Ideographic Join_Control
Logical_Order_Exception Lowercase Math Noncharacter_Code_Point Pattern_Syntax Pattern_White_Space Quotation_Mark
Radical Regional_Indicator Sentence_Terminal Soft_Dotted Terminal_Punctuation Unified_Ideograph Uppercase
Variation_Selector White_Space XID_Continue XID_Start`;
const scripts = `Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali
Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee
Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan
Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi
Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi
Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki
Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean
Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian
Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki
Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur
Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan
Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac
Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto
Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square`;

const loose = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, "");
const table = (names: string): ReadonlyMap<string, string> =>
  new Map(names.split(/\s+/).map((name) => [loose(name), name]));
const [categoryTable, binaryTable, scriptTable] = [table(categories), table(binary), table(scripts)];

/**
 * The scalar values of a `\p{...}` class: general categories, scripts and binary properties by their long or loose
 * names. `undefined` for a name that is none of them (ages and segmentation properties are not known here).
 */
export function unicodeProperty(name: string, value: string | undefined): RangeSet | undefined {
  const expression = value === undefined ? bare(name) : qualified(name, value);
  if (expression === undefined) return undefined;
  try {
    return scalarsMatching(`\\p{${expression}}`);
  } catch {
    return undefined;
  }
}

function bare(name: string): string | undefined {
  const key = loose(name).replace(/^is(?=.)/, "");
  const script = scriptTable.get(key);
  return (
    categoryTable.get(key) ?? (script === undefined ? binaryTable.get(key) : `sc=${script}`) ?? shortScript("sc", name)
  );
}

function qualified(name: string, value: string): string | undefined {
  switch (loose(name)) {
    case "gc":
    case "generalcategory":
      return categoryTable.get(loose(value));
    case "sc":
    case "script":
      return script("sc", value);
    case "scx":
    case "scriptextensions":
      return script("scx", value);
    default:
      return undefined;
  }
}

function script(property: "sc" | "scx", value: string): string | undefined {
  const long = scriptTable.get(loose(value));
  return long === undefined ? shortScript(property, value) : `${property}=${long}`;
}

/** ISO 15924's four letters, which JavaScript takes as well. */
function shortScript(property: "sc" | "scx", value: string): string | undefined {
  return /^[A-Za-z]{4}$/.test(value)
    ? `${property}=${value.charAt(0).toUpperCase()}${value.slice(1).toLowerCase()}`
    : undefined;
}
