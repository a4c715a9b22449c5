#include "steps/kalite.hpp"

#include "content/kalite.hpp"
#include "platform/files.hpp"
#include "steps/managed_program.hpp"

namespace cmdsrv {

Result<void> CheckKaliteLanguage(std::string_view language) {
  if (IsKaliteLanguage(language)) return {};
  return Fail(ErrorCode::Malformed, "the language must be one of en, es, fr, hi, pt-BR, pt-PT");
}

Result<Kalite> Kalite::Find(const Context& context) {
  const std::string& directory = context.settings.kalite_dir;
  const std::string home = directory.substr(0, directory.size() - 1);
  const auto facts = Look(home);
  if (!facts || !facts->is_directory)
    return Fail(ErrorCode::NotFound, "KA Lite is not installed: there is no {}", home);
  const auto program = context.root.FindProgram("/usr/bin/kalite");
  if (!program) return Failure(program.error());
  Context own = context;
  own.environment.push_back("KALITE_HOME=" + home);
  return Kalite(std::move(own), *program);
}

Result<void> Kalite::Manage(std::vector<std::string> arguments, const std::string& directory) const {
  const std::string shown = "kalite manage " + arguments.front();
  arguments.insert(arguments.begin(), {program_, "manage"});
  return RunManaged(context_, arguments, {.shown = shown, .directory = directory});
}

std::string Kalite::Database(const std::string& language) const {
  return fmt::format("{}database/content_khan_{}.sqlite", context_.settings.kalite_dir, language);
}

Result<std::string> Kalite::WorkingDirectory() const {
  std::string directory = context_.settings.content_base + "working/kalite/";
  return MakeDirectories(directory, 0700).map([&] { return std::move(directory); });
}

}  // namespace cmdsrv
