#include "webhooks/sender.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>

namespace tenantry::webhooks {
namespace {

bool is_local_v4(std::uint32_t ip) {
  return ip >> 24U == 127 || ip >> 24U == 0 || ip >> 16U == 0xA9FE || ip >> 28U >= 0xE;
}

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

}  // namespace

bool is_local(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return is_local_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return true;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  const auto& ip = v6.sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&ip) || IN6_IS_ADDR_V4COMPAT(&ip)) {
    std::uint32_t v4 = 0;
    std::memcpy(&v4, &ip.s6_addr[12], sizeof v4);
    return is_local_v4(ntohl(v4));
  }
  return IN6_IS_ADDR_LOOPBACK(&ip) || IN6_IS_ADDR_LINKLOCAL(&ip) || IN6_IS_ADDR_UNSPECIFIED(&ip) ||
         IN6_IS_ADDR_MULTICAST(&ip);
}

struct Sender::Wire {
  CURL* handle = nullptr;
  bool allow_local = false;
  bool refused = false;

  static curl_socket_t open(void* self, curlsocktype, curl_sockaddr* address) {
    auto& wire = *static_cast<Wire*>(self);
    if (!wire.allow_local && is_local(address->addr)) {
      wire.refused = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
};

Sender::Sender(bool allow_local, base::Millis timeout) : wire_(std::make_unique<Wire>()) {
  wire_->handle = curl_easy_init();
  if (wire_->handle == nullptr) throw std::runtime_error("no curl handle");
  wire_->allow_local = allow_local;
  auto* handle = wire_->handle;
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, ignore);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, Wire::open);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, wire_.get());
}

Sender::~Sender() { curl_easy_cleanup(wire_->handle); }

Sent Sender::post(const std::string& url, const std::vector<std::pair<std::string, std::string>>& headers,
                  const std::string& body) {
  auto* handle = wire_->handle;
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : headers) list = curl_slist_append(list, (name + ": " + value).c_str());
  wire_->refused = false;
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
  const auto began = std::chrono::steady_clock::now();
  const auto code = curl_easy_perform(handle);
  Sent sent;
  sent.took = std::chrono::duration_cast<base::Millis>(std::chrono::steady_clock::now() - began);
  curl_slist_free_all(list);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  sent.status = static_cast<int>(status);
  if (wire_->refused)
    sent.error = "The address is this machine's or link-local, and allow_local is not set.";
  else if (code != CURLE_OK)
    sent.error = curl_easy_strerror(code);
  else if (status < 200 || status > 299)
    sent.error = "The receiver answered with status " + std::to_string(status) + ".";
  return sent;
}

}  // namespace tenantry::webhooks
