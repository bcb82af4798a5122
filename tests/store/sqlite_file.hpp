// The contract's backend for a SQLite file, and a folder for it that goes with the test.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "database/sqlite.hpp"
#include "store/sample.hpp"

namespace tenantry::testing {

class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] database::SqliteOptions sample_options();

class SqliteFile {
 public:
  SqliteFile() { reopen(); }
  [[nodiscard]] store::Store& store() { return *store_; }
  void reopen() { reopen(read_sample_manifest); }
  void reopen(store::ManifestReader reader);

 private:
  Folder folder_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace tenantry::testing
