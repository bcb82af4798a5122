// Where the operator's own secrets come from: the configuration names a variable or a file, never the secret itself.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenantry::secrets {

// "env:NAME" or "file:/absolute/path".
class Reference {
 public:
  // invalid "secret.reference" for anything else. A text that might be a secret put there by mistake is not quoted.
  [[nodiscard]] static base::Result<Reference> parse(std::string_view text);

  // Read anew each time, so that a changed file counts from the next call on. The caller wipes it. Errors:
  // secret.unset (no such variable, or an empty one), secret.unreadable, secret.exposed, secret.empty.
  [[nodiscard]] base::Result<std::string> read() const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  enum class From { kVariable, kFile };
  Reference(From from, std::string_view name, std::string_view text) : from_(from), name_(name), text_(text) {}

  From from_;
  std::string name_;
  std::string text_;
};

}  // namespace tenantry::secrets
