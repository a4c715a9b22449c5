// zim-install: a downloaded ZIM moves into the library, is indexed, and gets its place on the home menu.
#include "base/names.hpp"
#include "steps/install.hpp"
#include "steps/options.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

Result<std::string> ReadName(std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const std::string& name = options->Operands().front();
  if (!IsSafeName(name) || !name.ends_with(".zim") || name.size() < 5)
    return Fail(ErrorCode::Malformed, "the operand must be a plain name that ends in .zim");
  return name;
}

}  // namespace

StepEnd ZimInstall(const Context& context, std::span<const std::string> arguments) {
  const auto name = ReadName(arguments);
  if (!name) return Failure(name.error());
  if (auto moved = MoveIntoLibrary(context, *name); !moved) return Failure(moved.error());
  if (auto used = PutIntoUse(context, {*name}); !used) return Failure(used.error());
  return fmt::format("{} is installed", *name);
}

}  // namespace cmdsrv
