#include "content/ini_file.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kIniLimit = 4U << 20U;
constexpr std::string_view kDefault = "DEFAULT";

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

template <class Options>
std::string& ValueOf(Options& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, [](const auto& one) { return std::string_view(one.first); });
  if (found != options.end()) return found->second;
  return options.emplace_back(std::string(name), std::string()).second;
}

}  // namespace

std::size_t IniFile::SectionIndex(std::string_view name) {
  const auto found = std::ranges::find(sections_, name, [](const Section& one) { return std::string_view(one.name); });
  if (found != sections_.end()) return static_cast<std::size_t>(found - sections_.begin());
  sections_.push_back({std::string(name), {}});
  return sections_.size() - 1;
}

IniFile IniFile::Parse(std::string_view text) {
  IniFile file;
  std::string section;      // empty: no section has begun yet
  std::string option;       // the one that an indented line continues; empty: none
  std::string empty_lines;  // inside a value they count only when another line of it follows
  const auto options = [&]() -> Options& {
    return section == kDefault ? file.defaults_ : file.sections_[file.SectionIndex(section)].options;
  };
  for (std::string_view line : Split(text, '\n')) {
    const std::string_view bare = Trim(line);
    if (bare.empty()) {
      if (!option.empty()) empty_lines += '\n';
      continue;
    }
    if (bare.front() == '#' || bare.front() == ';') continue;
    if (IsBlank(line.front()) && !option.empty()) {
      ValueOf(options(), option).append(empty_lines).append("\n").append(bare);
      empty_lines.clear();
      continue;
    }
    empty_lines.clear();
    option.clear();
    if (const auto end = bare.rfind(']'); bare.front() == '[' && end != std::string_view::npos && end > 1) {
      section = bare.substr(1, end - 1);
      if (section != kDefault) file.SectionIndex(section);
      continue;
    }
    const auto separator = bare.find_first_of("=:");
    if (section.empty() || separator == std::string_view::npos || separator == 0) {
      ++file.skipped_;
      continue;
    }
    option = LowerCase(Trim(bare.substr(0, separator)));
    ValueOf(options(), option) = Trim(bare.substr(separator + 1));
  }
  return file;
}

Result<IniFile> IniFile::Read(const std::string& path) {
  const auto text = ReadFile(path, kIniLimit);
  if (!text && text.error().code == ErrorCode::NotFound) return IniFile{};
  if (!text) return Failure(text.error());
  return Parse(ToUtf8(*text));
}

const IniFile::Section* IniFile::Find(std::string_view name) const {
  const auto found = std::ranges::find(sections_, name, [](const Section& one) { return std::string_view(one.name); });
  return found == sections_.end() ? nullptr : &*found;
}

bool IniFile::HasSection(std::string_view section) const { return Find(section) != nullptr; }

std::optional<std::string> IniFile::Get(std::string_view section, std::string_view option) const {
  const Section* found = Find(section);
  if (found == nullptr) return std::nullopt;
  const std::string name = LowerCase(option);
  for (const Options* options : {&found->options, &defaults_}) {
    for (const auto& [key, value] : *options) {
      if (key == name) return value;
    }
  }
  return std::nullopt;
}

json::object IniFile::ToJson() const {
  json::object out;
  for (const Section& section : sections_) {
    json::object options;
    for (const auto& [key, value] : section.options) options[key] = value;
    for (const auto& [key, value] : defaults_) {
      if (!options.contains(key)) options[key] = value;
    }
    out[section.name] = std::move(options);
  }
  return out;
}

}  // namespace cmdsrv
