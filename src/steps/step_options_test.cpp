#include "steps/options.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

std::string Wrong(const std::vector<std::string>& arguments, std::size_t operands = 1) {
  const auto options = Options::Parse(arguments, {{"--size", true}, {"-v", false}}, operands);
  return options ? "" : options.error().message;
}

TEST(StepOptions, EverythingBehindTheDashesIsAnOperand) {
  const auto options =
      Options::Parse(std::vector<std::string>{"--size=5", "-v", "--", "--size"}, {{"--size", true}, {"-v", false}}, 1);
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->Operands().front(), "--size");
  EXPECT_EQ(options->Number("--size", 0, 1), 5);
  EXPECT_TRUE(options->Has("-v"));
}

TEST(StepOptions, WhatIsWrongIsNamed) {
  EXPECT_EQ(Wrong({"--other", "x"}), "there is no option --other");
  EXPECT_EQ(Wrong({"-v=1", "x"}), "there is no option -v=1");
  EXPECT_EQ(Wrong({"x", "--size"}), "the option --size needs a value");
  EXPECT_EQ(Wrong({}), "0 operands were given, and not 1");
  EXPECT_EQ(Wrong({"a", "b"}), "2 operands were given, and not 1");
  const auto flag = Options::Parse(std::vector<std::string>{"--now=1"}, {{"--now", false}}, 0);
  EXPECT_EQ(flag.error().message, "the option --now takes no value");
}

TEST(StepOptions, NumbersAreWholeAndLargeEnough) {
  for (const char* text : {"", "x", "1.5", "0", "-3", "99999999999999999999"}) {
    const auto options = Options::Parse(std::vector<std::string>{"--size", text}, {{"--size", true}}, 0);
    ASSERT_TRUE(options.has_value());
    const auto number = options->Number("--size", 7, 1);
    ASSERT_FALSE(number.has_value()) << text;
    EXPECT_EQ(number.error().message, "the option --size must be a whole number of at least 1");
  }
}

}  // namespace
}  // namespace cmdsrv
