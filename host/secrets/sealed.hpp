// Secrets of tenants as the store keeps them: sealed with XChaCha20-Poly1305 under a key that the store never sees.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenantry::secrets {

// 256 bits; wiped when it goes, and when it is moved from.
class Key {
 public:
  static constexpr std::size_t kBytes = 32;

  [[nodiscard]] static Key random();
  // 64 hexadecimal digits, or base64 of 32 bytes; invalid "key.invalid" for anything else. The error never quotes it.
  [[nodiscard]] static base::Result<Key> parse(std::string_view text);

  Key(Key&& other) noexcept;
  Key& operator=(Key&& other) noexcept;
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key();

  [[nodiscard]] const unsigned char* data() const { return bytes_.data(); }
  // Says which key it is and nothing about it: 8 bytes.
  [[nodiscard]] std::string fingerprint() const;

 private:
  Key() = default;
  std::array<unsigned char, kBytes> bytes_{};
};

// The key of this host: `environment` (the value of TENANTRY_KEY) if it is not empty, else the key file. A file that is
// not there is made, readable by its owner only, and on the disk before this returns. Errors, one sentence each:
// key.invalid, key.exposed (others may read the file), key.unreadable.
[[nodiscard]] base::Result<Key> load_key(std::string_view environment, const std::string& file);

// Seals and opens. Thread-safe. The caller wipes what open() gave (base/mask.hpp).
class Vault {
 public:
  explicit Vault(Key key);

  // Each time different, for the same secret too. Opens only for this tenant and this name.
  [[nodiscard]] std::string seal(std::string_view tenant, std::string_view name, std::string_view secret) const;

  // internal "secret.other_key": sealed under another key than this one; "secret.damaged": the bytes were changed, or
  // were sealed for another tenant or name; "secret.format": written by a newer version.
  [[nodiscard]] base::Result<std::string> open(std::string_view tenant, std::string_view name,
                                               std::string_view sealed) const;

 private:
  const Key key_;
  const std::string fingerprint_;
};

}  // namespace tenantry::secrets
