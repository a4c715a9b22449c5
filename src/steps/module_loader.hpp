#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cmdsrv {

/// The address of a function in one of our modules in libexec, which is loaded once. Unavailable, with the loader's
/// reason, when it cannot be.
Result<void*> FindInModule(std::string_view module, const char* function);

template <class Function>
Result<Function> LoadFunction(std::string_view module, const char* function) {
  return FindInModule(module, function).map([](void* address) { return reinterpret_cast<Function>(address); });
}

}  // namespace cmdsrv
