#include "base/ids.hpp"

#include <sys/random.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>

namespace tenantry::base {
namespace {

void fill_random(void* to, std::size_t size) {
  auto* at = static_cast<char*>(to);
  while (size > 0) {
    const auto got = ::getrandom(at, size, 0);
    if (got < 0) throw std::runtime_error("the kernel gives no random bytes");
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace

std::string new_id(std::string_view prefix) {
  static constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's base 32
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  std::array<std::uint8_t, 16> random{};
  fill_random(random.data(), random.size());
  std::string id(prefix);
  for (int shift = 45; shift >= 0; shift -= 5) id += kAlphabet[(static_cast<std::uint64_t>(now) >> shift) & 31U];
  for (const auto byte : random) id += kAlphabet[byte & 31U];
  return id;
}

std::string random_hex(std::size_t bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string raw(bytes, '\0');
  fill_random(raw.data(), raw.size());
  std::string text;
  text.reserve(2 * bytes);
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4U];
    text += kHex[byte & 15U];
  }
  return text;
}

}  // namespace tenantry::base
