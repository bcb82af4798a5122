#include "secrets/sealed.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "base/mask.hpp"
#include "secrets/private_file.hpp"
#include "secrets/sodium.hpp"

namespace tenantry::secrets {
namespace {

// Sealed bytes: a version, the fingerprint of the key, the nonce, then what the cipher made.
constexpr char kVersion = 1;
constexpr std::size_t kFingerprint = 8;
constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kHead = 1 + kFingerprint + kNonce;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// With the length first, so that no other pair of tenant and name gives the same bytes.
std::string place(std::string_view tenant, std::string_view name) {
  std::string place = std::to_string(tenant.size()) + ":";
  return place.append(tenant).append(":").append(name);
}

base::Error broken(std::string code, std::string message, std::string next_action) {
  return {base::ErrorKind::kInternal, std::move(code), std::move(message), std::move(next_action), {}, {}};
}

base::Error unreadable(const std::string& file, const std::string& why) {
  return {base::ErrorKind::kInvalid,
          "key.unreadable",
          "The key file " + file + " cannot be made: " + why + ".",
          "Give the host's user write permission on the folder, or set TENANTRY_KEY.",
          {},
          {}};
}

// Whole or not at all, and never over a file that another process has made meanwhile.
base::Result<void> make_key_file(const std::string& file) {
  const auto fresh = file + "." + base::random_hex(8);
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return unreadable(file, std::strerror(errno));
  const auto key = Key::random();
  auto text = to_base64url({reinterpret_cast<const char*>(key.data()), Key::kBytes}) + "\n";
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int why = errno;
  base::wipe(text);
  ::close(fd);
  const bool linked = written && (::link(fresh.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const int why_not_linked = errno;
  ::unlink(fresh.c_str());
  if (!written) return unreadable(file, std::strerror(why));
  if (!linked) return unreadable(file, std::strerror(why_not_linked));
  const auto parent = std::filesystem::path(file).parent_path();
  const int folder = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    static_cast<void>(::fsync(folder));
    ::close(folder);
  }
  return {};
}

}  // namespace

Key Key::random() {
  start_sodium();
  Key key;
  randombytes_buf(key.bytes_.data(), key.bytes_.size());
  return key;
}

base::Result<Key> Key::parse(std::string_view text) {
  start_sodium();
  auto bytes = text.size() == 2 * kBytes ? from_hex(text) : from_base64(text);
  if (!bytes || bytes->size() != kBytes) {
    if (bytes) base::wipe(*bytes);
    return base::Error{base::ErrorKind::kInvalid,
                       "key.invalid",
                       "The key is neither 64 hexadecimal digits nor base64 of 32 bytes.",
                       "Make one with: head -c 32 /dev/urandom | base64",
                       {},
                       {}};
  }
  Key key;
  std::copy(bytes->begin(), bytes->end(), key.bytes_.begin());
  base::wipe(*bytes);
  return key;
}

Key::Key(Key&& other) noexcept : bytes_(other.bytes_) { sodium_memzero(other.bytes_.data(), kBytes); }

Key& Key::operator=(Key&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    sodium_memzero(other.bytes_.data(), kBytes);
  }
  return *this;
}

Key::~Key() { sodium_memzero(bytes_.data(), kBytes); }

std::string Key::fingerprint() const {
  std::string marked = "tenantry key fingerprint ";
  marked.append(reinterpret_cast<const char*>(bytes_.data()), kBytes);
  auto hash = blake2b(marked);
  base::wipe(marked);
  hash.resize(kFingerprint);
  return hash;
}

base::Result<Key> load_key(std::string_view environment, const std::string& file) {
  if (!environment.empty()) return Key::parse(environment);
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT)
    if (const auto made = make_key_file(file); !made.has_value()) return made.error();
  auto text = read_private_file(file, "key");
  if (!text.has_value()) return text.error();
  auto key = Key::parse(*text);
  base::wipe(*text);
  if (key.has_value()) return key;
  auto error = key.error();
  error.message = "The key file " + file + " holds no key: it has to be 64 hexadecimal digits or base64 of 32 bytes.";
  error.next_action = "Restore the key file from a backup; what was sealed under a lost key stays lost.";
  return error;
}

Vault::Vault(Key key) : key_(std::move(key)), fingerprint_(key_.fingerprint()) {}

std::string Vault::seal(std::string_view tenant, std::string_view name, std::string_view secret) const {
  std::string sealed(kHead + secret.size() + kTag, '\0');
  sealed[0] = kVersion;
  sealed.replace(1, kFingerprint, fingerprint_);
  auto* nonce = bytes_of(sealed) + 1 + kFingerprint;
  randombytes_buf(nonce, kNonce);
  const auto bound = place(tenant, name);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(sealed) + kHead, nullptr, bytes_of(secret), secret.size(),
                                             bytes_of(std::string_view(bound)), bound.size(), nullptr, nonce,
                                             key_.data());
  return sealed;
}

base::Result<std::string> Vault::open(std::string_view tenant, std::string_view name, std::string_view sealed) const {
  const std::string what = "The secret " + std::string(name) + " of tenant " + std::string(tenant);
  if (sealed.size() < kHead + kTag)
    return broken("secret.damaged", what + " is damaged.", "Restore it from a backup, or set it anew.");
  if (sealed[0] != kVersion)
    return broken("secret.format", what + " was sealed in a form that this version does not know.",
                  "Run the version that sealed it.");
  if (const auto by = sealed.substr(1, kFingerprint); by != fingerprint_)
    return broken(
        "secret.other_key",
        what + " was sealed under another key (" + to_hex(by) + "; this host has " + to_hex(fingerprint_) + ").",
        "Start the host with the key it was sealed under.");
  std::string secret(sealed.size() - kHead - kTag, '\0');
  const auto bound = place(tenant, name);
  const auto* start = bytes_of(sealed);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(secret), nullptr, nullptr, start + kHead,
                                                 sealed.size() - kHead, bytes_of(std::string_view(bound)), bound.size(),
                                                 start + 1 + kFingerprint, key_.data()) != 0)
    return broken("secret.damaged", what + " was changed after it was sealed, or was sealed for another place.",
                  "Restore it from a backup, or set it anew.");
  return secret;
}

}  // namespace tenantry::secrets
