// Looks at what an engine has brought about, without the engine: a file or folder, or what a URL answers.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tenantry::stage {

struct Place {
  std::string at;       // an absolute path, or http://host[:port]/path
  std::string pointer;  // of a JSON document: only what is there counts
  std::string only;     // of files: only those with this in their name, below `at`
  std::string host;     // of a URL: the Host header, if it is another
};

// A text that is equal as long as nothing has changed: names, kinds, permissions and contents, but no times. A place
// that is not there is a text as well. Error "stage.place" if a URL cannot be asked, or answers anything but 200.
[[nodiscard]] base::Result<std::string> look(const Place& place);
[[nodiscard]] base::Result<std::string> look(const std::vector<Place>& places);

// The first line in which two looks differ, for a report.
[[nodiscard]] std::string difference(const std::string& before, const std::string& after);

}  // namespace tenantry::stage
