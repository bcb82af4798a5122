// A look into a shared library without running any of its code. The bytes may be anything.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tenantry::engine {

// Why these bytes must not be loaded as an engine, as the rest of a sentence; nullopt if they may. Checks that
//  - it is an ELF shared library for this machine, and as long as its segment and section headers say (a shorter one
//    would kill the process that maps it),
//  - it exports the entry function and nothing else,
//  - no symbol is STB_GNU_UNIQUE: those are shared between libraries whatever else was agreed,
//  - it does not bring an unwinder of its own: with two of them an exception cannot be caught across the border.
[[nodiscard]] std::optional<std::string> find_elf_fault(std::string_view bytes);

}  // namespace tenantry::engine
