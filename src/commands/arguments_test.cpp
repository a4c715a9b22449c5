#include "commands/arguments.hpp"

#include <gtest/gtest.h>

#include <array>

namespace cmdsrv {
namespace {

Result<Arguments> Check(const Parameter& parameter, std::string_view text) {
  const std::array parameters = {parameter};
  return Arguments::Check(parameters, ParseJson(text)->get_object());
}

std::string ErrorOf(const Parameter& parameter, std::string_view text) {
  const auto arguments = Check(parameter, text);
  if (arguments) return "accepted";
  EXPECT_EQ(arguments.error().code, ErrorCode::Malformed);
  return arguments.error().message;
}

constexpr Parameter kId{.name = "id", .type = Type::Integer, .need = Need::Required, .least = 1, .most = 1000};

TEST(Arguments, NumbersMayComeAsText) {
  EXPECT_EQ(Check(kId, R"({"id": 42})")->Integer("id"), 42);
  EXPECT_EQ(Check(kId, R"({"id": "42"})")->Integer("id"), 42);
  EXPECT_EQ(Check(kId, R"({"id": 42.0, "other": [1]})")->Integer("id"), 42);
}

TEST(Arguments, SayWhatIsWrong) {
  EXPECT_EQ(ErrorOf(kId, "{}"), "argument id is missing");
  EXPECT_EQ(ErrorOf(kId, R"({"id": null})"), "argument id must be a number");
  EXPECT_EQ(ErrorOf(kId, R"({"id": "4 2"})"), "argument id must be a number");
  EXPECT_EQ(ErrorOf(kId, R"({"id": "inf"})"), "argument id must be a number");
  EXPECT_EQ(ErrorOf(kId, R"({"id": "nan"})"), "argument id must be a number");
  EXPECT_EQ(ErrorOf(kId, R"({"id": 1.5})"), "argument id must be a whole number");
  EXPECT_EQ(ErrorOf(kId, R"({"id": 0})"), "argument id must be from 1 to 1000");
  EXPECT_EQ(ErrorOf(kId, R"({"id": 1e300})"), "argument id must be from 1 to 1000");
  EXPECT_EQ(ErrorOf(kId, R"({"id": {"$gt": 1}})"), "argument id must be a number");
}

TEST(Arguments, LenientOnesCountAsAbsent) {
  Parameter lenient = kId;
  lenient.need = Need::Optional;
  lenient.lenient = true;
  for (const char* text : {"{}", R"({"id": "x"})", R"({"id": []})", R"({"id": -5})"}) {
    const auto arguments = Check(lenient, text);
    ASSERT_TRUE(arguments) << text;
    EXPECT_EQ(arguments->Integer("id"), std::nullopt) << text;
  }
}

TEST(Arguments, NamesAreHeldToTheirClass) {
  const Parameter name{.name = "n", .type = Type::Text, .need = Need::Required, .value_class = Class::SafeName};
  EXPECT_EQ(Check(name, R"({"n": "a_b-1.zim"})")->Text("n"), "a_b-1.zim");
  for (const char* bad : {R"({"n": "../x"})", R"({"n": "-rf"})", R"({"n": ""})", R"({"n": "a b"})", R"({"n": "a\u0000b"})",
                          R"({"n": "a\nb"})", R"({"n": 5})"}) {
    EXPECT_NE(ErrorOf(name, bad), "accepted") << bad;
  }
}

TEST(Arguments, DevicesAreNormalised) {
  const Parameter device{.name = "d", .type = Type::Text, .need = Need::Required, .value_class = Class::Usb};
  EXPECT_EQ(Check(device, R"({"d": "usb3"})")->Text("d"), "/media/usb3");
  EXPECT_EQ(Check(device, R"({"d": "/media/usb0"})")->Text("d"), "/media/usb0");
  for (const char* bad : {"usb", "usb10", "/media/usb", "/media/usb0/..", "sda0", "/media/x/usb0", "usb;"}) {
    EXPECT_NE(ErrorOf(device, fmt::format(R"({{"d": "{}"}})", bad)), "accepted") << bad;
  }
}

TEST(Arguments, ServicesAreARoleAndAState) {
  const Parameter service{
      .name = "s", .type = Type::TextList, .need = Need::Optional, .value_class = Class::Service, .most_elements = 2};
  EXPECT_EQ(Check(service, R"({"s": ["kiwix", "active"]})")->Service("s"), std::pair(std::string("kiwix"), std::string("active")));
  for (const char* bad : {R"({"s": ["kiwix"]})", R"({"s": ["kiwix", "running"]})", R"({"s": ["nothing", "active"]})", R"({"s": "kiwix"})",
                          R"({"s": ["kiwix", "active", "x"]})"}) {
    EXPECT_NE(ErrorOf(service, bad), "accepted") << bad;
  }
}

TEST(Arguments, ListsAreBoundedAndCheckedOneByOne) {
  const Parameter list{.name = "l", .type = Type::NumberList, .need = Need::Required, .least = 0, .most = 9, .most_elements = 3};
  EXPECT_EQ(Check(list, R"({"l": [1, "2", 3.5]})")->NumberList("l"), (std::vector<double>{1, 2, 3.5}));
  EXPECT_EQ(ErrorOf(list, R"({"l": [1, 2, 3, 4]})"), "argument l must have at most 3 elements");
  EXPECT_EQ(ErrorOf(list, R"({"l": [1, 10]})"), "argument l element 2 must be from 0 to 9");
  EXPECT_EQ(ErrorOf(list, R"({"l": {"0": 1}})"), "argument l must be a list");
}

}  // namespace
}  // namespace cmdsrv
