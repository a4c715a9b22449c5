#include "ctl/shown_text.hpp"

#include <gmock/gmock.h>

namespace cmdsrv::ctl {
namespace {

TEST(ShownText, NoEscapeSequenceReachesTheTerminal) {
  EXPECT_EQ(CleanLines("a\x1b[2Jb\x07\x7f"), "a[2Jb");
  EXPECT_EQ(CleanLines("csi \xC2\x9B"
                       "31m"),
            "csi 31m");  // the same as one character of C1
  EXPECT_EQ(CleanLines("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(CleanLines("exe\xE2\x80\xAEgpj.sh"), "exegpj.sh");  // right-to-left override
  EXPECT_EQ(CleanLines("keeps\ttab\nand é 語"), "keeps\ttab\nand é 語");
}

TEST(ShownText, OneLineStaysOneLine) { EXPECT_EQ(CleanLine(" two\nlines\tand\rmore \n"), "two lines and more"); }

TEST(ShownText, EntitiesBecomeCharactersOnce) {
  EXPECT_EQ(UnescapeHtml("a &lt;b&gt; &amp;amp; &quot;c&quot; &#39;d&#x27; & &unknown; &"),
            "a <b> &amp; \"c\" 'd' & &unknown; &");
  EXPECT_EQ(UnescapeHtml(""), "");
}

TEST(ShownText, WideAndCombiningCharactersCountAsShown) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("語"), 2U);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1U);
}

TEST(ShownText, FitCutsAtColumns) {
  EXPECT_EQ(Fit("abcdef", 6), "abcdef");
  EXPECT_EQ(Fit("abcdefg", 6), "abcde…");
  EXPECT_EQ(Fit("語語語", 4), "語…");  // three columns and one: a wide character is not cut in half
  EXPECT_EQ(Fit("abc", 0), "");
  EXPECT_EQ(DisplayWidth(Fit("語語語", 5)), 5U);
}

TEST(ShownText, IndentKeepsNoTrailingBlanks) {
  EXPECT_EQ(Indent("one\n\ntwo\n", "  "), "  one\n\n  two\n");
  EXPECT_EQ(Indent("one", "| "), "| one\n");
}

}  // namespace
}  // namespace cmdsrv::ctl
