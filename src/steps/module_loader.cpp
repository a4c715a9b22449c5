#include "steps/module_loader.hpp"

#include <dlfcn.h>

#include "platform/root.hpp"

namespace cmdsrv {

Result<void*> FindInModule(std::string_view module, const char* function) {
  const std::string path = Root::OwnProgram(module);
  // Never unloaded: the libraries behind it keep threads and exit handlers. A second dlopen returns the same.
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* address = handle != nullptr ? ::dlsym(handle, function) : nullptr;
  if (address == nullptr) {
    const char* why = ::dlerror();
    return Fail(ErrorCode::Unavailable, "cannot use {}: {}", path, why != nullptr ? why : "it is not complete");
  }
  return address;
}

}  // namespace cmdsrv
