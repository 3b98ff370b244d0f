/** Texts that XML can carry and that break whoever escapes, trims or encodes carelessly, by a name for each. */
export const hostileTexts: ReadonlyArray<readonly [name: string, text: string]> = [
  ["markup", `<&"'>`],
  ["a reference that is none", "&amp;lt;&#65;&nbsp;&"],
  ["the end of a CDATA section", "<![CDATA[x]]>"],
  ["the end of its own element", "</password></loginName><routedIP>192.0.2.1</routedIP><!--"],
  ["umlauts", "Jürgen Größe, Äpfel"],
  ["umlauts made of two characters each", "Ju\u0308rgen"],
  ["emoji", "🦊👨‍👩‍👧 🇩🇪"],
  ["blanks before and after", "  two and two  "],
  ["nothing but blanks", "   "],
  ["tabs and line ends", "\ta\nb\rc\r\nd\n"],
  ["blanks that are not ASCII's", "\u00a0\u2003\u2028x\u0085\ufeff"],
  ["what a pattern would replace", "$& $1 $$ $` \\1 %s"],
  ["the highest character", "\u{10ffff}\ufffd\ud7ff"],
  ["zeros before a number", "0012345"],
  ["a word that is a value", "true"]
]
