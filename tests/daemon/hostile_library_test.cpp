// A library.xml that nobody would write who means well: whoever asks gets an answer, the box keeps its memory, and the
// next re-index makes it a library again.
#include <gmock/gmock.h>

#include <fstream>
#include <future>
#include <optional>

#include "base/text.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/limits.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr const char* kInstalled = "content/village_en_all_maxi_2025-06.zim";
/// KiB: the largest file that is read, its copy and what is made of it. A sanitizer keeps a shadow of each byte as
/// well.
constexpr long kMostMemory = (500L << 10) + 4 * kKeptBySanitizer;

std::string Repeated(std::string_view part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

std::string MillionBooks() {
  std::string books = "<library>";
  for (int i = 0; i < 1'000'000; ++i) books += fmt::format(R"(<book id="{0}" path="content/{0}.zim"/>)", i);
  return books + "</library>";
}

/// A billion laughs.
std::string Bomb() {
  std::string bomb = "<!DOCTYPE library [<!ENTITY a0 \"ha\">";
  for (int i = 1; i < 30; ++i)
    bomb += fmt::format("<!ENTITY a{} \"{}\">", i, Repeated(fmt::format("&a{};", i - 1), 10));
  return bomb + "]><library><book id=\"a\" path=\"content/none.zim\" title=\"&a29;\"/></library>";
}

struct Case {
  const char* name;
  std::string (*text)();
};

const Case kCases[] = {
    {"ManyBooks", MillionBooks},
    {"EntityBomb", Bomb},
    {"HugeAttribute",
     [] { return "<library><book id=\"a\" path=\"x\" title=\"" + std::string(60U << 20, '\1') + "\"/></library>"; }},
    {"ManyAttributes", [] { return "<library><book id=\"a\" " + Repeated("a=\"\" ", 10'000'000) + "/></library>"; }},
    {"DeepNesting", [] { return "<library>" + Repeated("<book>", 8'000'000); }},
    {"Truncated", [] { return MillionBooks().substr(0, 1'000'001); }},
    {"LargerThanIsRead", [] { return "<library>" + std::string(70U << 20, ' ') + "</library>"; }},
    {"NoText", [] { return std::string(1U << 20, '\0'); }},
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

long PeakMemory(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  }
  return 0;
}

class HostileLibrary : public ::testing::TestWithParam<Case> {
 protected:
  HostileLibrary() {
    box.Internet();
    OrThrow(WriteText(box.Path("/library/zims/library.xml"), GetParam().text()));
    daemon.emplace(box.StartDaemon());
  }

  TestBox box{SmallBox({ZimSpec{}})};
  std::optional<Daemon> daemon;
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
};

TEST_P(HostileLibrary, IsAnsweredAndMended) {
  std::vector<std::future<std::string>> asking;
  for (int i = 0; i < 6; ++i) asking.push_back(std::async(std::launch::async, [&] { return Send("GET-ZIM-STAT"); }));
  EXPECT_THAT(Send("TEST"), HasSubstr("success"));
  for (auto& one : asking) {
    const std::string reply = one.get();
    const auto stat = ParseJson(reply);
    ASSERT_TRUE(stat) << Shorten(reply, 200);
    EXPECT_LE(stat->at("INSTALLED").as_object().size(), 1U);
    EXPECT_LT(reply.size(), 10'000U);
  }
  EXPECT_THAT(Send("GET-UPGRADEABLE-ZIMS"), AnyOf("{}", HasSubstr("Unable to determine upgradeable Zims")));
  const std::string install = fmt::format("INST-ZIMS {{\"zim_id\": \"{}\"}}", UuidFor("demo_en_all_maxi_2026-01 1"));
  const auto plan = OrThrow(Ask(box.Socket(), "PLAN " + PrintJson(json::object{{"command", install}}), seconds(60)));
  EXPECT_EQ(plan.at("accepted"), true) << PrintJson(plan);
  EXPECT_THAT(Send("MAKE-KIWIX-LIB"), HasSubstr("Scheduled"));
  const auto jobs = OrThrow(WaitForJobs(box.Socket(), 1, seconds(120)));
  EXPECT_EQ(jobs[0].status, "SUCCEEDED") << Describe(jobs);
  const auto mended = OrThrow(Ask(box.Socket(), "GET-ZIM-STAT"));
  EXPECT_EQ(mended.at("INSTALLED").as_object().size(), 1U) << PrintJson(mended);
  EXPECT_THAT(PrintJson(mended), HasSubstr(kInstalled));
  EXPECT_LT(PeakMemory(daemon->Pid()), kMostMemory);
}

INSTANTIATE_TEST_SUITE_P(All, HostileLibrary, ::testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace cmdsrv::test
