#include "store/sqlite_file.hpp"

#include <cstdlib>

#include "support/catch.hpp"

namespace tenantry::testing {

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "tenantry-store-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

database::SqliteOptions sample_options() {
  database::SqliteOptions options;
  options.read_manifest = read_sample_manifest;
  return options;
}

void SqliteFile::reopen(store::ManifestReader reader) {
  store_.reset();
  auto options = sample_options();
  options.read_manifest = std::move(reader);
  auto opened = database::open_sqlite(folder_.file("store.db"), std::move(options));
  if (!opened.has_value()) FAIL(opened.error().message);
  store_ = std::move(opened.value());
}

}  // namespace tenantry::testing
