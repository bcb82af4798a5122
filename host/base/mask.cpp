#include "base/mask.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/json.hpp"

namespace tenantry::base {
namespace {

std::string percent_encoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

std::string base64(std::string_view text) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  // Only whole groups: the padding would differ where the secret is followed by something else.
  for (std::size_t i = 0; i + 3 <= text.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[i + k])); };
    const std::uint32_t group = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (int shift = 18; shift >= 0; shift -= 6) out += kAlphabet[group >> static_cast<unsigned>(shift) & 63U];
  }
  return out;
}

}  // namespace

Mask::~Mask() {
  for (auto& form : forms_) wipe(form);
}

void Mask::add(std::string_view secret) {
  if (secret.size() < 4) return;
  auto escaped = json::serialize(json::string_view(secret.data(), secret.size()));
  for (auto form :
       {std::string(secret), escaped.substr(1, escaped.size() - 2), percent_encoded(secret), base64(secret)})
    if (form.size() >= 4 && std::find(forms_.begin(), forms_.end(), form) == forms_.end()) forms_.push_back(form);
  std::sort(forms_.begin(), forms_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Mask::apply(std::string_view text) const {
  std::string out(text);
  for (const auto& form : forms_)
    for (auto at = out.find(form); at != std::string::npos; at = out.find(form, at + 3))
      out.replace(at, form.size(), "***");
  return out;
}

void wipe(std::string& secret) {
  ::explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace tenantry::base
