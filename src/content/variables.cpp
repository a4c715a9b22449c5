#include "content/variables.hpp"

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "content/template.hpp"
#include "content/yaml_reader.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kContent{"content"};
constexpr int kMostRounds = 10;
constexpr std::size_t kMostBytes = 64U << 10U;  // of one rendered value
constexpr std::size_t kMostBytesTogether = 4U << 20U;
constexpr std::string_view kShownSecret = "hostapd_password";  // the Configure screen edits it

struct Waiting {
  std::string name;
  Template text;
};

bool IsTemplate(const json::value& value) {
  return value.is_string() && std::string_view(value.get_string()).find("{{") != std::string_view::npos;
}

/// Texts of the subset. All others are finished as they are.
std::vector<Waiting> FindTemplates(const json::object& values) {
  std::vector<Waiting> waiting;
  for (const auto& [name, value] : values) {
    if (!IsTemplate(value)) continue;
    if (auto text = Template::Parse(value.get_string())) waiting.push_back({std::string(name), std::move(*text)});
  }
  return waiting;
}

bool IsSecret(std::string_view name, const std::vector<std::string>& endings) {
  return name != kShownSecret &&
         std::ranges::any_of(endings, [&](const std::string& ending) { return name.ends_with(ending); });
}

}  // namespace

Rendered RenderVariables(const json::object& values) {
  Rendered rendered{values, {}};
  std::vector<Waiting> waiting = FindTemplates(values);
  std::size_t bytes = 0;
  // A template is rendered when all that it names is finished: so every round ends with exact values, and a circle
  // never grows.
  for (int round = 0; round < kMostRounds && !waiting.empty(); ++round) {
    std::set<std::string, std::less<>> unfinished;
    for (const Waiting& one : waiting) unfinished.insert(one.name);
    const auto is_ready = [&](const Waiting& one) {
      return std::ranges::none_of(one.text.Names(), [&](const auto& name) { return unfinished.contains(name); });
    };
    const auto first = std::ranges::partition(waiting, [&](const Waiting& one) { return !is_ready(one); });
    if (first.empty()) break;
    for (const Waiting& one : first) {
      auto text = one.text.Render(
          [&](std::string_view name) { return std::as_const(rendered.values).if_contains(name); }, kMostBytes);
      if (!text || (bytes += text->size()) > kMostBytesTogether) continue;
      rendered.values[one.name] = std::move(*text);
    }
    waiting.erase(first.begin(), first.end());
  }
  for (const Waiting& one : waiting) rendered.unresolved.push_back(one.name);
  return rendered;
}

Rendered EffectiveVariables(const json::object& defaults, const json::object& local) {
  Rendered effective = RenderVariables(defaults);
  json::object surroundings = defaults;
  for (const auto& [name, value] : local) surroundings[name] = value;
  Rendered overlaid = RenderVariables(surroundings);
  std::erase_if(effective.unresolved, [&](const std::string& name) { return local.contains(name); });
  for (const auto& item : local) effective.values[item.key()] = overlaid.values[item.key()];
  for (std::string& name : overlaid.unresolved) {
    if (local.contains(name)) effective.unresolved.push_back(std::move(name));
  }
  return effective;
}

bool Variables::Flag(std::string_view name) const {
  const json::value* value = effective.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string Variables::Text(std::string_view name, std::string_view otherwise) const {
  return std::string(TextMember(effective, name, otherwise));
}

Variables Variables::With(const json::object& coming) const {
  Variables with = *this;
  for (const auto& [name, value] : coming) with.local[name] = with.effective[name] = value;
  return with;
}

Result<json::object> ReadVariablesFile(const std::string& path) {
  const auto text = ReadFile(path, kYamlLimit);
  if (!text && text.error().code == ErrorCode::NotFound) return json::object();
  if (!text) return Failure(text.error());
  const auto entries = ReadYaml(*text);
  if (entries) return ValuesOf(*entries);
  log::Warning(kContent, "cannot read {}: line {}: {}", path, entries.error().line, entries.error().what);
  return Fail(ErrorCode::Corrupt, "Error in {} line {}", path, entries.error().line);
}

std::shared_ptr<Variables> VariablesCache::Read() const {
  auto variables = std::make_shared<Variables>();
  json::object defaults;
  if (!Look(defaults_path_)) {
    variables->defaults_problem = fmt::format("There is no {}", defaults_path_);
  } else if (auto read = ReadVariablesFile(defaults_path_)) {
    defaults = *std::move(read);
  } else {
    variables->defaults_problem = std::move(read.error().message);
  }
  if (auto read = ReadVariablesFile(local_path_)) {
    variables->local = *std::move(read);
  } else {
    variables->local_problem = std::move(read.error().message);
    if (current_) variables->local = current_->local;
  }
  Rendered effective = EffectiveVariables(defaults, variables->local);
  variables->effective = std::move(effective.values);
  variables->unresolved = std::move(effective.unresolved);
  json::object shown;
  for (const auto& [name, value] : variables->effective) {
    if (!IsSecret(name, secret_endings_)) shown[name] = value;
  }
  variables->shown = PrintJson(shown);
  return variables;
}

std::shared_ptr<const Variables> VariablesCache::Get() {
  const std::scoped_lock lock(mutex_);
  const auto defaults = Look(defaults_path_);
  const auto local = Look(local_path_);
  const bool linked =
      (defaults && defaults->is_link) || (local && local->is_link);  // what they lead to may have changed
  if (current_ && !linked && defaults == defaults_facts_ && local == local_facts_) return current_;
  auto read = Read();
  if (!read->unresolved.empty()) {
    log::Warning(kContent, "these variables refer to each other in a circle and stay as they are: {}",
                 fmt::join(read->unresolved, ", "));
  }
  current_ = std::move(read);
  defaults_facts_ = defaults;
  local_facts_ = local;
  return current_;
}

}  // namespace cmdsrv
