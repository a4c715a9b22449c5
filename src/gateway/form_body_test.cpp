#include "gateway/form_body.hpp"

#include <gmock/gmock.h>

namespace cmdsrv::gateway {
namespace {

using namespace std::string_literals;

TEST(DecodePercent, DecodesOnceAndLeavesWhatIsNoEscape) {
  const struct {
    std::string_view text;
    std::string decoded;
  } rows[] = {
      {"", ""},       {"TEST", "TEST"}, {"a%20b", "a b"}, {"a%2520b", "a%20b"},
      {"a+b", "a+b"}, {"%2B", "+"},     {"%26%3D", "&="}, {"%c3%A4", "\xc3\xa4"},
      {"%zz", "%zz"}, {"%4", "%4"},     {"%", "%"},       {"100%", "100%"},
      {"%%41", "%A"}, {"%00", "\0"s},   {"%5Cn", "\\n"},  {"%-1%+1", "%-1%+1"},
  };
  for (const auto& row : rows) EXPECT_EQ(DecodePercent(row.text), row.decoded) << row.text;
}

TEST(Form, WhatTheConsoleSends) {
  // jQuery encodes what the console already made of `GET-JOB-STAT {"last_rowid": 1}`.
  const auto form = ReadForm("command=GET-JOB-STAT%2520%7B%22last_rowid%22%3A%25201%7D");
  ASSERT_TRUE(form);
  EXPECT_FALSE(form->encrypted);
  EXPECT_EQ(form->value, R"(GET-JOB-STAT%20{"last_rowid":%201})");
  EXPECT_EQ(CommandText(form->value, form->blanks), R"(GET-JOB-STAT {"last_rowid": 1})");
}

TEST(Form, EachQuirkOfTheOldGateway) {
  const auto text = [](std::string_view body) -> std::string {
    const auto form = ReadForm(body);
    if (!form) return form.error().code == ErrorCode::Malformed ? "(malformed)" : "(refused)";
    return (form->encrypted ? "box " : "") + CommandText(form->value, form->blanks).value_or("(malformed)");
  };
  const struct {
    std::string_view body, expected;
  } rows[] = {
      {"command=TEST", "TEST"},
      {"command=A%2520B", "A B"},
      {"command2=A%2520B", "A%20B"},  // an updated console means what it says
      {"command2=A%20B", "A B"},
      {"encrypted_command=QUJD", "box QUJD"},
      {"encrypted_command2=QUJD", "box QUJD"},
      {"command=a%3Db=c", "a=b=c"},  // nothing behind a second "=" is lost
      {"command=a+b", "a+b"},
      {"command=", ""},
      {"", "(malformed)"},
      {"TEST", "(malformed)"},
      {"a&b", "(malformed)"},
      {"verb=TEST", "(refused)"},
      {"Command=TEST", "(refused)"},
      {"command=TEST&command=STOP", "(refused)"},
      {"command=TEST&encrypted_command=QUJD", "(refused)"},
      {"command=TEST&command2=TEST", "(refused)"},
      {"x=1&command=TEST&y", "TEST"},
      {"%63ommand=TEST", "TEST"},
      {"command=A%00B", "(malformed)"},
      {"command=%FF", "(malformed)"},
      {"command=%C3%A9", "\xc3\xa9"},
  };
  for (const auto& row : rows) EXPECT_EQ(text(row.body), row.expected) << row.body;
}

TEST(CommandText, HasALimit) {
  EXPECT_TRUE(CommandText(std::string(kMaxBodyBytes, 'x'), true));
  EXPECT_EQ(CommandText(std::string(kMaxBodyBytes + 1, 'x'), true).error().message, "the Command has 1048577 bytes");
}

TEST(Form, MediaType) {
  EXPECT_TRUE(IsFormType("application/x-www-form-urlencoded"));
  EXPECT_TRUE(IsFormType("Application/X-WWW-Form-URLencoded; charset=UTF-8"));
  for (const char* other : {"", "application/json", "multipart/form-data; boundary=x", "text/plain",
                            "application/x-www-form-urlencodedx", ";application/x-www-form-urlencoded"}) {
    EXPECT_FALSE(IsFormType(other)) << other;
  }
}

TEST(ReadForm, SaysWhatIsWrong) {
  EXPECT_EQ(ReadForm("x").error().message, "the body is no form");
  EXPECT_EQ(ReadForm("a=b").error().message, "the form has no field command");
  EXPECT_EQ(ReadForm("command=a&command2=b").error().message, "the form has more than one command field");
  EXPECT_EQ(CommandText(std::string("a\0b", 3), false).error().message, "the Command holds a NUL");
  EXPECT_EQ(CommandText("\xff", false).error().message, "the Command is no UTF-8");
}

}  // namespace
}  // namespace cmdsrv::gateway
