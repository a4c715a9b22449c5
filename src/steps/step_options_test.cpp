#include "steps/options.hpp"

#include <gtest/gtest.h>

#include "steps/step.hpp"

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

/// What a step says before it has touched anything.
std::string Refusal(const std::string& step, const std::vector<std::string>& arguments) {
  const StepEnd end = FindStep(step)->run(Context{}, arguments);
  if (end) return "it did not refuse";
  EXPECT_EQ(end.error().code, ErrorCode::Malformed) << step;
  return end.error().message;
}

struct Refused {
  std::string step;
  std::vector<std::string> arguments;
  std::string sentence;
};

constexpr const char* kUrl = "http://h/x";
constexpr const char* kMap = "osm-lakes_z11-z14_2026.mbtiles";
const std::string kHex(32, 'a');

TEST(StepOptions, StepsSayWhichArgumentIsWrong) {
  const Refused cases[] = {
      {"add-module-to-menu", {"../x"}, "the operand must be the name of a menu item definition"},
      {"copy-module", {"--from=internal", "--to=usb0", "a/b"}, "the operand must be a plain name"},
      {"copy-module", {"--from=hda1", "--to=usb0", "x"}, "\"hda1\" is neither internal nor a USB mount point"},
      {"copy-module", {"--from=usb0", "--to=usb1", "x"}, "one of --from and --to must be internal"},
      {"copy-zim", {"--from=internal", "--to=internal", "x"}, "one of --from and --to must be internal"},
      {"copy-zim", {"--from=internal", "--to=usb0", ".."}, "the operand must be a plain name without \".zim\""},
      {"import-kolibri", {"x"}, "the operand must be 32 hexadecimal digits"},
      {"import-kolibri", {"--node=x", kHex}, "--node must be 32 hexadecimal digits"},
      {"kalite-language", {"xx"}, "the language must be one of en, es, fr, hi, pt-BR, pt-PT"},
      {"kalite-videos", {"xx", "a"}, "the language must be one of en, es, fr, hi, pt-BR, pt-PT"},
      {"kalite-videos", {"en", "a b"}, "a topic has letters, digits, _, - and / and does not begin with -"},
      {"make-kiwix-lib", {"--device=../x"}, "\"../x\" is no USB mount point"},
      {"make-preset", {"../x"}, "the name of a preset has letters, digits, - and _"},
      {"make-preset", {"-m", "../x", "mine"}, "-m must be the name of a menu directory"},
      {"map-fetch", {"--from", kUrl, kMap, kMap}, "there must be one operand"},
      {"map-fetch", {"--from", kUrl, "../x"}, "the operand must be the plain name of a map"},
      {"map-fetch", {kMap}, "--from is missing"},
      {"map-fetch", {"--from", "x y", kMap}, "\"x y\" is neither an address nor REMOTE:PATH"},
      {"map-install", {"../x"}, "the operand must be the plain name of a map"},
      {"module-fetch", {"../x"}, "the operand must be a plain name"},
      {"module-fetch", {"x"}, "one of --rsync-url and --rclone must be given"},
      {"module-fetch", {"--rsync-url", kUrl, "x"}, "--rsync-url must be rsync://HOST/PATH/x"},
      {"module-fetch", {"--rclone=x", "x"}, "--rclone must be REMOTE:PATH"},
      {"module-install", {"a/b"}, "the operand must be a plain name"},
      {"preset-menu", {"../x"}, "the operand must be the name of a preset"},
      {"rachel-install", {"a/b"}, "the version of RACHEL must be a plain name"},
      {"run-roles", {"a b"}, "a role must be a SAFE-NAME"},
      {"test-job", {}, "the number of seconds is missing"},
      {"test-job", {"x"}, "\"x\" is no number of seconds"},
      {"upgrade-zims", {"-l", "-j"}, "only one of -l, -j, -a and -z can be given"},
      {"upgrade-zims", {"-d", "-k"}, "-d and -k contradict each other"},
      {"upgrade-zims", {"-t", "5"}, "-t must be a number from 1 to 4"},
      {"upgrade-zims", {"x"}, "names can only be given behind -z"},
      {"upgrade-zims", {"-z", ""}, "an empty name was given"},
      {"upgrade-zims", {"-z"}, "-z needs the names of ZIMs"},
      {"url-check", {"file:///x"}, "the operand must be an http, https or ftp address"},
      {"zim-fetch", {"--url=file:///x"}, "--url must be an http, https or ftp address"},
      {"zim-fetch", {"--url", kUrl, "--metalink=/x"}, "--metalink must be an http, https or ftp address"},
      {"zim-fetch", {"--url", kUrl, "--file-ref=a/b"}, "--file-ref must be a plain name without its ending"},
      {"zim-fetch", {"--url", kUrl, "--file-ref=x", "--sha256=7"}, "--sha256 must be 64 hexadecimal digits"},
      {"zim-install", {"x"}, "the operand must be a plain name that ends in .zim"},
      {"zip-fetch", {"--url", kUrl, "--metalink", kUrl}, "there is no option --metalink"},
      {"zip-install", {"a/b"}, "the operand must be a plain name"},
      {"zip-unpack",
       {"../x"},
       fmt::format("\"{}../x.zip\" is no plain file name; zim_download_prefix of cmdsrv.conf comes before it",
                   Settings{}.zim_download_prefix)},
  };
  for (const Refused& one : cases) EXPECT_EQ(Refusal(one.step, one.arguments), one.sentence);
}

}  // namespace
}  // namespace cmdsrv
