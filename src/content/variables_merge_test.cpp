#include "content/variables_merge.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <random>

#include "base/text.hpp"
#include "content/shared_data.hpp"
#include "content/yaml_reader.hpp"
#include "platform/process.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::ScratchDirectory;
using test::Slurp;
using test::Spit;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Merged(std::string_view text, const json::object& changes) {
  auto merged = MergeVariables(text, changes);
  return merged ? *merged : "error: " + merged.error().message;
}

TEST(MergeVariables, ExchangesTheValueAndNothingElse) {
  EXPECT_EQ(Merged("kiwix_enabled: True   # True means on\n", {{"kiwix_enabled", false}}),
            "kiwix_enabled: False   # True means on\n");
  EXPECT_EQ(Merged("my_kiwix_enabled: True\nkiwix_enabled: True\n", {{"kiwix_enabled", false}}),
            "my_kiwix_enabled: True\nkiwix_enabled: False\n");
  EXPECT_EQ(Merged("flag: yes\n", {{"flag", false}}), "flag: False\n");
  EXPECT_EQ(Merged("wan_gateway:       # wan_gateway: 192.168.1.254\n", {{"wan_gateway", "10.0.0.1"}}),
            "wan_gateway: 10.0.0.1       # wan_gateway: 192.168.1.254\n");
  EXPECT_EQ(Merged("wan_gateway: 10.0.0.1  # x\n", {{"wan_gateway", nullptr}}), "wan_gateway:  # x\n");
  EXPECT_EQ(Merged("a:   'x # y'\t# z\nb: 1", {{"a", "q"}}), "a:   q\t# z\nb: 1");
  EXPECT_EQ(Merged("spaced : 1\n", {{"spaced", 2}}), "spaced : 2\n");
  EXPECT_EQ(Merged("a: 1\r\nb: 2 # c\r\n", {{"b", 3}}), "a: 1\r\nb: 3 # c\r\n");
  EXPECT_EQ(Merged("a: \"x\\\" # y\"\n", {{"a", "z"}}), "a: z\n");
  EXPECT_EQ(Merged("a: 'it''s # x' # c\n", {{"a", "z"}}), "a: z # c\n");
  EXPECT_EQ(Merged("a: !!str 5 # c\n", {{"a", "z"}}), "a: z # c\n");
  EXPECT_EQ(Merged("a: [x, '#', \"]\"]  # c\n", {{"a", "z"}}), "a: z  # c\n");
}

TEST(MergeVariables, LeavesWhatIsAsWanted) {
  for (const char* text : {"flag: yes  # on\n", "flag: on", "flag:   true\n", "\"flag\": True\n"})
    EXPECT_EQ(Merged(text, {{"flag", true}}), text);
  EXPECT_EQ(Merged("mode: 0755\n", {{"mode", 493}}), "mode: 0755\n");
}

TEST(MergeVariables, TakesValuesOfManyLines) {
  EXPECT_EQ(Merged("a:\n  - x\n  # inside\n  - y\n\n# about b\nb: 1\n", {{"a", "z"}}), "a: z\n\n# about b\nb: 1\n");
  EXPECT_EQ(Merged("a:\n- x\n- y\nb: 1\n", {{"a", 5}}), "a: 5\nb: 1\n");
  EXPECT_EQ(Merged("a: |  # c\n  one\n  # two\n\n  three\nb: 1\n", {{"a", "z"}}), "a: z  # c\nb: 1\n");
  EXPECT_EQ(Merged("a: \"one\n  # two\n  three\" \nb: 1\n", {{"a", "z"}}), "a: z\nb: 1\n");
  EXPECT_EQ(Merged("a: one\n  two\n# c\nb: 1\n", {{"a", "z"}}), "a: z\n# c\nb: 1\n");
  EXPECT_EQ(Merged("a: [x,\n  y]\nb: 1\n", {{"a", "z"}}), "a: z\nb: 1\n");
  EXPECT_EQ(Merged("a: {x: 1,\n  # c\n  y: 2}\nb: 1\n", {{"a", "z"}}), "a: z\nb: 1\n");
}

TEST(MergeVariables, SetsEveryLineOfAKey) {
  EXPECT_EQ(Merged("a: 1 # x\nb: 2\na: 3 # y\n", {{"a", 3}}), "a: 3 # x\nb: 2\na: 3 # y\n");
}

TEST(MergeVariables, NewOnesGoBelowTheSeparatorThatIsMadeOnce) {
  const std::string once = Merged("a: 1", {{"note", "a # b"}, {"empty", nullptr}});
  EXPECT_THAT(once, StartsWith("a: 1\n\n\n" + std::string(76, '#') + "\n" + std::string(kSeparatorHead)));
  EXPECT_TRUE(once.ends_with("\n\nnote: \"a # b\"\nempty:\n")) << once;
  const std::string twice = Merged(once, {{"more", true}});
  EXPECT_EQ(twice, once + "more: True\n");
  EXPECT_THAT(Merged("", {{"x", 1}}), StartsWith("\n\n####"));
  EXPECT_EQ(Merged("# IIAB -- following variables were first set somewhere\n", {{"x", 1}}),
            "# IIAB -- following variables were first set somewhere\nx: 1\n");
}

TEST(MergeVariables, RefusesWhatItCannotChangeForSure) {
  for (const char* text :
       {"{a: 1, b: 2}\n", "\"a\": 1\n", "? a\n: 1\n", "a: \"open\n", "a: 1\n...\n", "a: &x 1\nb: *x\n"})
    EXPECT_THAT(Merged(text, {{"a", 2}, {"new", 1}}), StartsWith("error: ")) << text;
}

TEST(MergeVariables, NoValueBreaksOut) {
  for (const char* text : {"x\nroot_password: y",
                           "x # y",
                           "'",
                           "\"",
                           "\\",
                           "yes",
                           "",
                           "New: box",
                           "[a",
                           "{{ lookup('pipe','id') }}",
                           "|",
                           ">",
                           "- a",
                           "# a",
                           "\xC2\x85z: 1",
                           "\xE2\x80\xA8z: 1",
                           "%",
                           "!!python/object/apply:os.system",
                           "&a",
                           "*a",
                           "\t"}) {
    const std::string merged = Merged("a: 1\n# c\nb: 2\n", {{"a", text}, {"new", text}});
    ASSERT_THAT(merged, Not(StartsWith("error: "))) << text;
    const json::object values = ValuesOf(*ReadYaml(merged));
    EXPECT_EQ(values.size(), 3U) << merged;
    EXPECT_EQ(values.at("a"), text);
    EXPECT_EQ(values.at("new"), text);
    EXPECT_EQ(std::ranges::count(merged, '\n'), 10) << merged;
  }
}

// ---- random files and random changes

using Random = std::mt19937;

std::size_t Below(Random& random, std::size_t end) { return random() % end; }

template <std::size_t N>
std::string OneOf(Random& random, const char* const (&list)[N]) {
  return list[Below(random, N)];
}

std::string RandomText(Random& random) {
  static const char* const kPieces[] = {"a",  "Z", "0", "7",    " ",    ":",  "#",  "'", "\"",
                                        "\\", "-", ".", "yes",  "null", "{{", "}}", "[", "]",
                                        "{",  "}", ",", "&",    "*",    "!",  "|",  ">", "%",
                                        "@",  "`", "é", "\t",   "\n",   "/",  "+",  "_", "\xE2\x80\xA8",
                                        "=",  "~", "?", "True", "1.5",  "0x1"};
  std::string text;
  for (std::size_t i = Below(random, 8); i > 0; --i) text += OneOf(random, kPieces);
  return text;
}

json::value RandomValue(Random& random) {
  switch (Below(random, 7)) {
    case 0: return Below(random, 2) == 0;
    case 1: return static_cast<std::int64_t>(random()) - 2'000'000'000;
    case 2: return static_cast<double>(random()) / 1000;
    case 3: return nullptr;
    default: return json::value(RandomText(random));
  }
}

/// A piece of a file that defines one key, in one of the ways in which people write.
std::string RandomDefinition(Random& random, const std::string& key) {
  static const char* const kValues[] = {
      "True",     "yes",          "0755", "8.3",           "",     "'it''s # x'", "\"a \\\" # b\"", "plain text",
      "10.0.0.1", "[a, 'b # c']", "~",    "\"{{ x }}/y\"", "1:30", "!!str 5"};
  static const char* const kBlocks[] = {"\n  - one\n  # note\n  - two",
                                        "\n- one\n- two",
                                        " |\n  a\n  # b\n\n  c",
                                        " \"one\n  # two\n\n  three\"",
                                        " >-\n  x\n  y",
                                        " [a,\n   b]",
                                        "\n  k: v\n  l: w",
                                        " one\n  two"};
  static const char* const kComments[] = {"", "", "   # True means on", "\t# x: y", " # '\"", "  "};
  static const char* const kGaps[] = {" ", "  ", "\t", "      "};
  std::string head = key + (Below(random, 8) == 0 ? " :" : ":");
  if (Below(random, 5) == 0) return head + OneOf(random, kBlocks) + "\n";
  const std::string value = OneOf(random, kValues);
  return head + (value.empty() ? "" : OneOf(random, kGaps)) + value + OneOf(random, kComments) + "\n";
}

struct RandomFile {
  std::vector<std::string> pieces;  ///< each ends in a line break
  std::vector<std::string> keys;    ///< of each piece; empty for comments
};

RandomFile MakeFile(Random& random) {
  static const char* const kOther[] = {"# a comment\n", "\n", "   \n", "#key_1: False\n", "# 'quote\n", "####\n"};
  RandomFile file;
  for (std::size_t i = Below(random, 12); i > 0; --i) {
    const bool definition = Below(random, 3) != 0;
    const std::string key = (Below(random, 2) == 0 ? "key_" : "my_key_") + std::to_string(Below(random, 9));
    file.pieces.push_back(definition ? RandomDefinition(random, key) : OneOf(random, kOther));
    file.keys.push_back(definition ? key : "");
  }
  return file;
}

/// What stands behind the value of a definition in one line.
std::string CommentOf(const std::string& piece) {
  const std::string line = piece.substr(0, piece.find('\n'));
  for (const char* known : {"   # True means on", "\t# x: y", " # '\""}) {
    if (line.ends_with(known)) return known;
  }
  return {};
}

/// What the merge promises, judged with nothing of the merge itself.
void ExpectPromises(const RandomFile& file, const std::string& before, const std::string& after,
                    const json::object& changes) {
  const json::object old_values = ValuesOf(*ReadYaml(before));
  json::object wanted = old_values;
  for (const auto& [name, value] : changes) wanted[name] = value;
  const auto entries = ReadYaml(after);
  ASSERT_TRUE(entries.has_value()) << after;
  EXPECT_EQ(ValuesOf(*entries), wanted) << after;
  // Every piece that defines none of the changed keys is there as it was, in order; of the others comment and key.
  std::size_t at = 0;
  for (std::size_t i = 0; i < file.pieces.size(); ++i) {
    const bool changed = changes.contains(file.keys[i]) && !file.keys[i].empty();
    if (!changed) {
      ASSERT_EQ(after.compare(at, file.pieces[i].size(), file.pieces[i]), 0)
          << "piece " << i << ": " << file.pieces[i] << "\n"
          << before << "\nbecame\n"
          << after;
      at += file.pieces[i].size();
      continue;
    }
    ASSERT_EQ(after.compare(at, file.keys[i].size(), file.keys[i]), 0) << after;
    const std::size_t end = after.find('\n', at);
    const std::string comment = CommentOf(file.pieces[i]);
    const std::string line = after.substr(at, end - at);
    EXPECT_TRUE(line.ends_with(comment)) << line << "\nlost" << comment;
    at = end + 1;
    // Lines of a value that was as wanted stay, whatever their number.
    const auto& piece = file.pieces[i];
    if (after.compare(at - line.size() - 1, piece.size(), piece) == 0) at += piece.size() - line.size() - 1;
  }
}

json::object RandomChanges(Random& random) {
  json::object changes;
  for (std::size_t i = 1 + Below(random, 4); i > 0; --i) {
    changes["key_" + std::to_string(Below(random, 12))] = RandomValue(random);
  }
  return changes;
}

TEST(MergeProperty, TenThousandMergesKeepEveryPromise) {
  Random random(20260430);
  std::size_t refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    const RandomFile file = MakeFile(random);
    std::string before;
    for (const std::string& piece : file.pieces) before += piece;
    ASSERT_TRUE(ReadYaml(before).has_value()) << before << ReadYaml(before).error().what;
    const json::object changes = RandomChanges(random);
    const auto after = MergeVariables(before, changes);
    if (!after) {
      ++refused;
      ADD_FAILURE() << after.error().message << "\n" << before << PrintJson(changes);
      if (refused > 3) return;
      continue;
    }
    ExpectPromises(file, before, *after, changes);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(MergeProperty, AnsiblesReaderReadsTheSame) {
  // The loader that Ansible uses is the judge of what we write.
  Random random(7);
  ScratchDirectory scratch;
  json::array wanted;
  std::string all;
  for (int i = 0; i < 300; ++i) {
    json::object changes = RandomChanges(random);
    const auto merged = MergeVariables("key_1: yes # x\n", changes);
    ASSERT_TRUE(merged.has_value());
    if (!changes.contains("key_1")) changes["key_1"] = true;
    wanted.push_back(std::move(changes));
    Spit(scratch / fmt::format("{:03}.yml", i), *merged);
  }
  Spit(scratch / "wanted.json", PrintJson(wanted));
  const std::string script =
      "import json, sys, yaml, glob\n"
      "wanted = json.load(open('wanted.json'))\n"
      "for i, want in enumerate(wanted):\n"
      "    got = yaml.safe_load(open('%03d.yml' % i, encoding='utf-8'))\n"
      "    same = got == want and all(type(got[k]) is type(want[k]) for k in want)\n"
      "    if not same: sys.exit('%d: %r is not %r' % (i, got, want))\n";
  RunOptions options;
  options.directory = scratch.Path();
  options.deadline = std::chrono::seconds(100);
  options.environment = {"LANG=C.UTF-8", "PATH=/usr/bin:/bin"};
  const auto outcome = RunProgram({"/usr/bin/python3", "-c", script}, options);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->status, 0) << outcome->errors;
}

TEST(MergeRealFiles, EveryPresetIntoTheDefaults) {
  CMDSRV_NEEDS_SHARED_DATA();
  const std::string defaults = test::SharedText("default_vars.yml");
  const json::object before = ValuesOf(*ReadYaml(defaults));
  int presets = 0;
  for (const auto& preset : std::filesystem::directory_iterator(test::SharedPath("presets"))) {
    const std::string name = preset.path() / "vars.yml";
    const auto entries = ReadYaml(Slurp(name));
    ASSERT_TRUE(entries.has_value()) << name << " line " << entries.error().line << ": " << entries.error().what;
    const json::object changes = ValuesOf(*entries);
    for (const std::string& into : {defaults, std::string("# mine\n"), Slurp(name)}) {
      const auto merged = MergeVariables(into, changes);
      ASSERT_TRUE(merged.has_value()) << name << ": " << merged.error().message;
      json::object wanted = ValuesOf(*ReadYaml(into));
      for (const auto& [key, value] : changes) wanted[key] = value;
      EXPECT_EQ(ValuesOf(*ReadYaml(*merged)), wanted) << name;
      // All comments of the file are there still.
      for (const auto& comment : Split(into, '\n')) {
        if (!comment.starts_with('#')) continue;
        EXPECT_THAT(*merged, HasSubstr(std::string(comment)));
      }
    }
    ++presets;
  }
  EXPECT_GE(presets, 5);
  int number = 0;
  for (const auto& [key, value] : before) {
    if (value.is_array() || ++number % 4 != 0) continue;
    const auto merged = MergeVariables(defaults, {{key, "a # b"}});
    ASSERT_TRUE(merged.has_value()) << key;
    EXPECT_EQ(std::ranges::count(*merged, '\n'), std::ranges::count(defaults, '\n')) << key;
  }
}

}  // namespace
}  // namespace cmdsrv

/// The process that dies in AtEveryPointOfDeathItIsTheOldOrTheNewOne.
int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--change-and-end") {
    return cmdsrv::ChangeVariablesFile(argv[2], {{"a", 2}}) ? 0 : 1;
  }
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
