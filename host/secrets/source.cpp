#include "secrets/source.hpp"

#include <cstdlib>

#include "secrets/private_file.hpp"

namespace tenantry::secrets {
namespace {

constexpr std::string_view kVariable = "env:";
constexpr std::string_view kFile = "file:";

bool is_variable_name(std::string_view name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
             std::string_view::npos;
}

}  // namespace

base::Result<Reference> Reference::parse(std::string_view text) {
  if (text.starts_with(kVariable) && is_variable_name(text.substr(kVariable.size())))
    return Reference(From::kVariable, text.substr(kVariable.size()), text);
  if (text.starts_with(kFile) && text.substr(kFile.size()).starts_with('/') && text.find('\0') == text.npos)
    return Reference(From::kFile, text.substr(kFile.size()), text);
  return base::Error{base::ErrorKind::kInvalid,
                     "secret.reference",
                     "A secret in the configuration has to be a reference, env:NAME or file:/absolute/path; the "
                     "secret itself does not belong there.",
                     "Put the secret into a variable or a file and name that.",
                     {},
                     {}};
}

base::Result<std::string> Reference::read() const {
  if (from_ == From::kFile) return read_private_file(name_, "secret");
  const char* value = std::getenv(name_.c_str());
  if (value == nullptr || *value == '\0')
    return base::Error{base::ErrorKind::kInvalid,
                       "secret.unset",
                       "The variable " + name_ + ", which " + text_ + " names, is not set.",
                       "Set it in the environment of the host.",
                       {},
                       {}};
  return std::string(value);
}

}  // namespace tenantry::secrets
