// Keeps secrets out of everything that is written down.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tenantry::base {

// Replaces every secret it was told of by "***", also in its JSON-escaped, percent-encoded and base64 forms.
// Secrets shorter than 4 bytes are ignored: masking them would say more than it hides. Not thread-safe.
class Mask {
 public:
  Mask() = default;
  Mask(const Mask&) = delete;
  Mask& operator=(const Mask&) = delete;
  ~Mask();  // wipes

  void add(std::string_view secret);
  [[nodiscard]] std::string apply(std::string_view text) const;
  [[nodiscard]] bool empty() const { return forms_.empty(); }

 private:
  std::vector<std::string> forms_;  // longest first
};

// Overwrites memory that held a secret; never optimised away.
void wipe(std::string& secret);

}  // namespace tenantry::base
