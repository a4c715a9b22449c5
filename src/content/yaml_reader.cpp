#include "content/yaml_reader.hpp"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <sstream>

#include "base/text.hpp"
#include "content/yaml_scalar.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMostNodes = 100'000;
constexpr std::string_view kYamlTag = "tag:yaml.org,2002:";

/// Ends the parser's run; caught in ReadYaml and nowhere else.
struct Stop {
  YamlProblem problem;
};

[[noreturn]] void StopAt(const YAML::Mark& mark, std::string what) {
  throw Stop{{static_cast<std::size_t>(mark.line) + 1, std::move(what)}};
}

/// Builds values from the parser's events, so that nothing is built that was not counted.
class Builder final : public YAML::EventHandler {
 public:
  std::vector<YamlEntry> Take() { return std::move(entries_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(document_, true)) StopAt(mark, "a second document begins");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Put(mark, nullptr, {}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { StopAt(mark, "an alias is not allowed"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& read) override {
    const std::string value = ToUtf8(read);  // the escapes \N and \_ come as single bytes
    // "?" stands for a plain scalar, "!" for a quoted one. Other tags than those of numbers leave a text a text.
    const bool typed = tag.starts_with(kYamlTag) && tag != std::string(kYamlTag) + "str";
    Put(mark, tag == "?" || typed ? ReadPlainScalar(value) : json::value(value), value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    Open(mark, json::array());
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    Open(mark, json::object());
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Level {
    json::value container;
    std::optional<std::string> key;  ///< of a mapping: the one that waits for its value
    YAML::Mark opened;
    YAML::Mark key_at;
  };

  void Open(const YAML::Mark& mark, json::value container) {
    if (levels_.empty() && !container.is_object()) StopAt(mark, "the file is no list of \"key: value\"");
    if (levels_.size() >= static_cast<std::size_t>(kYamlDepth)) StopAt(mark, "it is nested too deeply");
    if (!levels_.empty() && levels_.back().container.is_object() && !levels_.back().key)
      StopAt(mark, "a key must be a word");
    Count(mark);
    levels_.push_back({std::move(container), {}, mark, mark});
  }

  void Close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty()) Add(std::move(level.container));
  }

  void Put(const YAML::Mark& mark, json::value value, std::string text) {
    Count(mark);
    if (levels_.empty()) {
      if (value.is_null()) return;  // a file of comments alone
      StopAt(mark, "the file is no list of \"key: value\"");
    }
    Level& level = levels_.back();
    if (level.container.is_object() && !level.key) {
      level.key = std::move(text);
      level.key_at = mark;
      return;
    }
    Add(std::move(value));
  }

  void Add(json::value value) {
    Level& level = levels_.back();
    if (level.container.is_array()) {
      level.container.get_array().push_back(std::move(value));
    } else if (levels_.size() == 1) {
      entries_.push_back({std::move(*level.key), std::move(value), static_cast<std::size_t>(level.key_at.line),
                          static_cast<std::size_t>(level.key_at.column)});
      level.key.reset();
    } else {
      level.container.get_object()[*level.key] = std::move(value);
      level.key.reset();
    }
  }

  void Count(const YAML::Mark& mark) {
    if (++nodes_ > kMostNodes) StopAt(mark, "it has too many values");
  }

  bool document_ = false;
  std::size_t nodes_ = 0;
  std::vector<Level> levels_;
  std::vector<YamlEntry> entries_;
};

}  // namespace

tl::expected<std::vector<YamlEntry>, YamlProblem> ReadYaml(std::string_view text) {
  const auto problem = [](YamlProblem what) { return tl::unexpected(std::move(what)); };
  if (text.size() > kYamlLimit) return problem({1, "the file is too large"});
  if (const auto nul = text.find('\0'); nul != std::string_view::npos || !IsUtf8(text))
    return problem({1, "the file is no UTF-8 text"});
  try {
    // The parser takes a quoted text for ended when the file ends behind a line break, so a file ends in a comment.
    std::istringstream stream(std::string(text) + (text.ends_with('\n') ? "#" : ""));
    YAML::Parser parser(stream);
    Builder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.Take();
  } catch (Stop& stop) {
    return problem(std::move(stop.problem));
  } catch (const YAML::Exception& error) {
    const std::size_t line = error.mark.is_null() ? 1 : static_cast<std::size_t>(error.mark.line) + 1;
    return problem({line, error.msg});
  } catch (const std::exception& error) {
    return problem({1, error.what()});
  }
}

json::object ValuesOf(const std::vector<YamlEntry>& entries) {
  json::object values;
  for (const YamlEntry& entry : entries) values[entry.key] = entry.value;
  return values;
}

}  // namespace cmdsrv
