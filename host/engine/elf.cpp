#include "engine/elf.hpp"

#include <elf.h>
#include <link.h>
#include <tenantry/abi.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/text.hpp"

namespace tenantry::engine {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);
using Dynamic = ElfW(Dyn);

constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char kByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr unsigned kMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr unsigned kMachine = EM_PPC64;
#elif defined(__s390x__)
constexpr unsigned kMachine = EM_S390;
#elif defined(__i386__)
constexpr unsigned kMachine = EM_386;
#elif defined(__arm__)
constexpr unsigned kMachine = EM_ARM;
#else
#error "the ELF number of this machine is not known here"
#endif

// Made by the linker itself in every library; they hold no code of the author.
constexpr std::array<std::string_view, 5> kLinkerSymbols{"_edata", "_end", "__bss_start", "_init", "_fini"};

std::string quoted(std::string_view name) { return '"' + base::shorten(base::to_utf8(name), 100) + '"'; }

// Reads structs out of the bytes; every read is checked.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool has(std::uint64_t offset, std::uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }
  template <class T>
  [[nodiscard]] T at(std::uint64_t offset) const {
    T out{};
    if (has(offset, sizeof(T))) std::memcpy(&out, bytes_.data() + offset, sizeof(T));
    return out;
  }
  // The text that begins at `offset` of a string table.
  [[nodiscard]] std::string_view name(const Section& table, std::uint64_t offset) const {
    if (offset >= table.sh_size || !has(table.sh_offset, table.sh_size)) return {};
    const auto rest = bytes_.substr(table.sh_offset + offset, table.sh_size - offset);
    return rest.substr(0, std::min(rest.find('\0'), rest.size()));
  }

 private:
  std::string_view bytes_;
};

class Look {
 public:
  explicit Look(std::string_view bytes) : bytes_(bytes), reader_(bytes) {}

  std::optional<std::string> fault() {
    if (auto found = header_fault()) return found;
    if (auto found = extent_fault()) return found;
    if (auto found = symbol_fault()) return found;
    return unwinder_fault();
  }

 private:
  std::optional<std::string> header_fault() {
    if (bytes_.empty()) return "expected a shared library, found an empty file";
    if (!bytes_.starts_with(std::string_view(ELFMAG, SELFMAG))) return "expected a shared library, found no ELF file";
    if (bytes_.size() < sizeof(Header)) return truncated(sizeof(Header));
    header_ = reader_.at<Header>(0);
    if (header_.e_ident[EI_CLASS] != kClass || header_.e_ident[EI_DATA] != kByteOrder || header_.e_machine != kMachine)
      return "expected a library for this machine (ELF machine " + std::to_string(kMachine) +
             "), found one for another (ELF machine " + std::to_string(header_.e_machine) + ")";
    if (header_.e_type != ET_DYN)
      return "expected a shared library, found an ELF file of type " + std::to_string(header_.e_type);
    if (header_.e_phnum == 0 || header_.e_phentsize != sizeof(Segment)) return "its segment headers are damaged";
    if (header_.e_shnum == 0 || header_.e_shentsize != sizeof(Section))
      return "expected section headers to find its symbols by, found none";
    return std::nullopt;
  }

  [[nodiscard]] std::string truncated(std::uint64_t expected) const {
    return "truncated: expected at least " + std::to_string(expected) + " bytes, found " +
           std::to_string(bytes_.size());
  }

  std::optional<std::string> extent_fault() {
    const std::uint64_t segments = std::uint64_t{header_.e_phnum} * sizeof(Segment);
    if (!reader_.has(header_.e_phoff, segments)) return truncated(header_.e_phoff + segments);
    for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment = reader_.at<Segment>(header_.e_phoff + i * sizeof(Segment));
      if (segment.p_type == PT_NULL) continue;
      if (!reader_.has(segment.p_offset, segment.p_filesz)) return truncated(segment.p_offset + segment.p_filesz);
      if (segment.p_type == PT_LOAD && segment.p_memsz < segment.p_filesz) return "its segment headers are damaged";
      if (segment.p_type == PT_DYNAMIC) dynamic_ = segment;
    }
    if (!dynamic_) return "its dynamic segment is missing";
    const std::uint64_t sections = std::uint64_t{header_.e_shnum} * sizeof(Section);
    if (!reader_.has(header_.e_shoff, sections)) return truncated(header_.e_shoff + sections);
    for (std::uint64_t i = 0; i < header_.e_shnum; ++i) {
      const auto section = reader_.at<Section>(header_.e_shoff + i * sizeof(Section));
      if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
          !reader_.has(section.sh_offset, section.sh_size))
        return truncated(section.sh_offset + section.sh_size);
      sections_.push_back(section);
    }
    return std::nullopt;
  }

  std::optional<std::string> symbol_fault() {
    const auto table = std::find_if(sections_.begin(), sections_.end(),
                                    [](const Section& section) { return section.sh_type == SHT_DYNSYM; });
    if (table == sections_.end() || table->sh_link >= sections_.size() || table->sh_entsize != sizeof(Symbol))
      return "its symbol table is missing or damaged";
    strings_ = sections_[table->sh_link];
    bool entry = false;
    std::vector<std::string> others;
    std::size_t count = 0;
    for (std::uint64_t at = 0; at + sizeof(Symbol) <= table->sh_size; at += sizeof(Symbol)) {
      const auto symbol = reader_.at<Symbol>(table->sh_offset + at);
      const auto name = reader_.name(strings_, symbol.st_name);
      const auto binding = ELF64_ST_BIND(symbol.st_info);  // the same for 32 bits
      if (binding == STB_GNU_UNIQUE)
        return "has the process-wide unique symbol " + quoted(name) +
               ", which would be shared with other engines; build with -fno-gnu-unique";
      if (symbol.st_shndx == SHN_UNDEF) {
        imports_unwinder_base_ |= name == "dl_iterate_phdr" || name == "_dl_find_object";
        continue;
      }
      const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
      if (binding == STB_LOCAL || visibility == STV_HIDDEN || visibility == STV_INTERNAL) continue;
      if (name == TENANTRY_ENTRY_SYMBOL) {
        entry = ELF64_ST_TYPE(symbol.st_info) == STT_FUNC;
      } else if (std::find(kLinkerSymbols.begin(), kLinkerSymbols.end(), name) == kLinkerSymbols.end()) {
        if (others.size() < 3) others.push_back(quoted(name));
        ++count;
      }
    }
    if (!entry)
      return "expected that it exports the function " TENANTRY_ENTRY_SYMBOL
             ", found that it does not; end one of its sources with TENANTRY_ENGINE(...)";
    if (count == 0) return std::nullopt;
    std::string names;
    for (const auto& name : others) names += (names.empty() ? "" : ", ") + name;
    if (count > others.size()) names += " and " + std::to_string(count - others.size()) + " more";
    return "expected that it exports " TENANTRY_ENTRY_SYMBOL " alone, found also " + names +
           "; build with tenantry_add_engine(), or with -fvisibility=hidden and a version script that keeps all else "
           "local";
  }

  // A static unwinder asks the loader where code lies; one that comes from libgcc_s leaves that to libgcc_s.
  std::optional<std::string> unwinder_fault() {
    if (!imports_unwinder_base_ || header_.e_shstrndx >= sections_.size()) return std::nullopt;
    const auto& names = sections_[header_.e_shstrndx];
    const bool unwinds = std::any_of(sections_.begin(), sections_.end(), [&](const Section& section) {
      return reader_.name(names, section.sh_name) == ".gcc_except_table";
    });
    if (!unwinds || needs("libgcc_s.") || needs("libunwind.")) return std::nullopt;
    return "brings an unwinder of its own, so that the host could not catch what it throws; build without "
           "-static-libgcc";
  }

  [[nodiscard]] bool needs(std::string_view library) const {
    for (std::uint64_t at = 0; at + sizeof(Dynamic) <= dynamic_->p_filesz; at += sizeof(Dynamic)) {
      const auto entry = reader_.at<Dynamic>(dynamic_->p_offset + at);
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_NEEDED && reader_.name(strings_, entry.d_un.d_val).starts_with(library)) return true;
    }
    return false;
  }

  std::string_view bytes_;
  Reader reader_;
  Header header_{};
  std::optional<Segment> dynamic_;
  std::vector<Section> sections_;
  Section strings_{};
  bool imports_unwinder_base_ = false;
};

}  // namespace

std::optional<std::string> find_elf_fault(std::string_view bytes) { return Look(bytes).fault(); }

}  // namespace tenantry::engine
