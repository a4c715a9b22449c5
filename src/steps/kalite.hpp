#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

/// Malformed when KA Lite has no packs for the language.
Result<void> CheckKaliteLanguage(std::string_view language);

/// KA Lite on this box, through its own program.
class Kalite {
 public:
  /// NotFound when there is no KA Lite (`kalite_dir`), Unavailable when there is no program `kalite`.
  static Result<Kalite> Find(const Context& context);

  /// `kalite manage ARGUMENTS`, in `directory`. Errors as RunManaged.
  Result<void> Manage(std::vector<std::string> arguments, const std::string& directory = "/") const;

  std::string Database(const std::string& language) const;  ///< what it knows of the content in this language
  std::string SettingsFile() const { return context_.settings.kalite_dir + "settings.py"; }
  std::string ContentDirectory() const { return context_.settings.kalite_dir + "content/"; }
  /// For downloads on their way; private, ends in '/', made when missing.
  Result<std::string> WorkingDirectory() const;

 private:
  Kalite(Context context, std::string program) : context_(std::move(context)), program_(std::move(program)) {}

  Context context_;  ///< with its own variable in the environment
  std::string program_;
};

}  // namespace cmdsrv
