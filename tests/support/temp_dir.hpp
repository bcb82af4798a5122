// A folder that is gone when the test is over.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace tenantry::test {

class TempDir {
 public:
  // In the folder for such things; in `place` instead, if that is there.
  explicit TempDir(const std::filesystem::path& place = {}) {
    const auto parent = std::filesystem::is_directory(place) ? place : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "tenantry-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tenantry::test
