// An engine's file, loaded as a host does it: never unloaded.
#pragma once
#include <dlfcn.h>
#include <tenantry/abi.h>

#include <stdexcept>
#include <string>

namespace tenantry::test {

inline const tenantry_plugin* load(const std::string& file) {
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw std::runtime_error(::dlerror());
  return reinterpret_cast<const tenantry_plugin* (*)()>(::dlsym(library, TENANTRY_ENTRY_SYMBOL))();
}

}  // namespace tenantry::test
