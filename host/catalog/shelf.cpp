#include "catalog/shelf.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/log.hpp"
#include "engine/descriptor.hpp"
#include "engine/plugin_file.hpp"

namespace tenantry::catalog {
namespace {

namespace fs = std::filesystem;

// Is it one of ours? Somebody else's file is never removed.
bool is_ours(const fs::path& path) {
  const auto name = path.filename().string();
  const auto digest = std::min(name.find_first_not_of("0123456789abcdef"), name.size());
  const auto rest = name.substr(digest);
  return digest == 64 && (rest == ".so" || rest == ".so.part");
}

// Whole or not at all, also after a power cut.
bool write_whole(const fs::path& path, const std::string& bytes) {
  auto aside = path;
  aside += ".part";
  const engine::Descriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) return false;
  for (std::size_t done = 0; done < bytes.size();) {
    const auto wrote = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  if (::fsync(file.get()) != 0 || ::rename(aside.c_str(), path.c_str()) != 0) return false;
  const engine::Descriptor folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.get() >= 0 && ::fsync(folder.get()) == 0;
}

}  // namespace

void Shelf::keep(const fs::path& file, const std::string& file_digest, const std::string& manifest) const {
  const auto read = engine::read_plugin_file(file, {});
  if (read.has_error() || read->sha256 != file_digest) return;  // it changed again, and will be loaded again
  const auto place = folder_ / (manifest + ".so");
  std::error_code failure;
  if (fs::exists(place, failure)) {
    const auto kept = engine::read_plugin_file(place, {});
    if (kept.has_value() && kept->sha256 == file_digest) return;
  }
  if (fs::create_directories(folder_, failure)) fs::permissions(folder_, fs::perms::owner_all, failure);
  if (failure || !write_whole(place, read->bytes))
    base::log::warn("engine file not kept", {{"file", file.filename().string()}, {"error", std::strerror(errno)}});
}

bool Shelf::needs(const std::string& manifest) const {
  const auto needed = needed_();
  return needed.has_error() || needed->contains(manifest);
}

std::vector<fs::path> Shelf::tidy(const std::set<std::string>& loaded) const {
  std::vector<fs::path> wanted;
  std::error_code failure;
  if (!fs::is_directory(folder_, failure)) return wanted;
  const auto needed = needed_();
  if (needed.has_error()) {
    base::log::warn("kept engine files not looked through", {{"error", needed.error().message}});
    return wanted;
  }
  for (fs::directory_iterator entry(folder_, failure), end; !failure && entry != end; entry.increment(failure)) {
    const auto manifest = entry->path().stem().string();
    std::error_code ignored;
    if (!is_ours(entry->path()) || loaded.contains(manifest)) continue;
    if (entry->path().extension() == ".so" && needed->contains(manifest))
      wanted.push_back(entry->path());
    else
      fs::remove(entry->path(), ignored);
  }
  std::sort(wanted.begin(), wanted.end());
  return wanted;
}

}  // namespace tenantry::catalog
