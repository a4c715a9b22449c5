#include "ctl/text_table.hpp"

#include <gmock/gmock.h>

namespace cmdsrv::ctl {
namespace {

Table Small() {
  Table table({{.title = "ID", .right = true},
               {.title = "STATUS", .colored = true},
               {.title = "WHAT", .elastic = true},
               {.title = "WHY", .elastic = true}});
  table.Add({"9", "FAILED", "zim-install wikipedia_en_all", "no space"});
  table.Add({"10", "SCHEDULED", "語", ""});
  return table;
}

TEST(Table, AlignsAndEndsLinesWithoutBlanks) {
  EXPECT_EQ(Small().Print(0, false),
            "ID  STATUS     WHAT                          WHY\n"
            " 9  FAILED     zim-install wikipedia_en_all  no space\n"
            "10  SCHEDULED  語\n");
}

TEST(Table, ElasticColumnsGiveWayToTheWindow) {
  EXPECT_EQ(Small().Print(40, false),
            "ID  STATUS     WHAT             WHY\n"
            " 9  FAILED     zim-install wi…  no space\n"
            "10  SCHEDULED  語\n");
}

TEST(Table, NoColumnDisappearsInATinyWindow) {
  EXPECT_EQ(Small().Print(5, false),
            "ID  STATUS     WHAT      WHY\n"
            " 9  FAILED     zim-ins…  no space\n"
            "10  SCHEDULED  語\n");
}

TEST(Table, ColorsAreAroundTheWordOnly) {
  Table table({{.title = "STATUS", .colored = true}, {.title = "NEXT"}});
  table.Add({"FAILED", "x"});
  table.Add({"other", "y"});
  EXPECT_EQ(table.Print(0, true), "STATUS  NEXT\n\x1b[31mFAILED\x1b[0m  x\nother   y\n");
}

}  // namespace
}  // namespace cmdsrv::ctl
