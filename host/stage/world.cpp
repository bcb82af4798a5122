#include "stage/world.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenantry::stage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWholeFile = 64U << 10U;
constexpr std::size_t kMostAnswer = 64U << 20U;

base::Error unseen(const Place& place, const std::string& why) {
  return {base::ErrorKind::kUnavailable,
          "stage.place",
          "Cannot look at " + place.at + ": " + why + ".",
          "Correct the fixture's snapshot or result.",
          {},
          {}};
}

std::string contents(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  auto bytes = std::move(text).str();
  if (bytes.size() <= kWholeFile) return bytes;
  return std::to_string(bytes.size()) + " bytes, hash " + std::to_string(std::hash<std::string>{}(bytes));
}

std::string describe(const fs::path& path) {
  std::error_code failure;
  const auto status = fs::symlink_status(path, failure);
  if (failure || !fs::exists(status)) return "absent";
  std::ostringstream line;
  line << std::oct << static_cast<unsigned>(status.permissions()) << ' ';
  if (fs::is_symlink(status)) return line.str() + "link to " + fs::read_symlink(path, failure).string();
  if (fs::is_directory(status)) return line.str() + "folder";
  if (fs::is_regular_file(status)) return line.str() + "file: " + contents(path);
  return line.str() + "something else";
}

std::string look_at_files(const fs::path& root, const std::string& only) {
  std::map<std::string, std::string> lines{{"", describe(root)}};
  std::error_code failure;
  if (fs::is_directory(root, failure))
    for (fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, failure), end;
         at != end; at.increment(failure)) {
      auto name = at->path().lexically_relative(root).string();
      if (name.find(only) != std::string::npos) lines[std::move(name)] = describe(at->path());
    }
  std::string out;
  for (const auto& [name, line] : lines) out.append(name).append(" ").append(line).append("\n");
  return out;
}

struct Url {
  std::string host;
  std::string port = "80";
  std::string path = "/";
};

Url split(std::string_view url) {
  url.remove_prefix(std::string_view("http://").size());
  Url out;
  const auto slash = std::min(url.find('/'), url.size());
  out.host = std::string(url.substr(0, slash));
  if (slash < url.size()) out.path = std::string(url.substr(slash));
  if (const auto colon = out.host.rfind(':'); colon != std::string::npos && out.host.back() != ']') {
    out.port = out.host.substr(colon + 1);
    out.host.resize(colon);
  }
  if (out.host.size() > 2 && out.host.front() == '[') out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

// HTTP/1.0, so that the answer ends with the connection and is not cut into chunks.
base::Result<std::string> get(const Place& place) {
  const auto url = split(place.at);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found) != 0) return unseen(place, "no such host");
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const bool connected = fd >= 0 && ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  ::freeaddrinfo(found);
  std::string answer;
  if (connected) {
    const auto request = "GET " + url.path +
                         " HTTP/1.0\r\nHost: " + (place.host.empty() ? url.host + ":" + url.port : place.host) +
                         "\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    char bytes[1U << 16U];
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()))
      for (ssize_t got = 0; (got = ::recv(fd, bytes, sizeof bytes, 0)) > 0 && answer.size() < kMostAnswer;)
        answer.append(bytes, static_cast<std::size_t>(got));
  }
  if (fd >= 0) ::close(fd);
  if (!connected) return unseen(place, "no connection");
  const auto body = answer.find("\r\n\r\n");
  const auto space = answer.find(' ');
  if (body == std::string::npos || space > body) return unseen(place, "no HTTP answer");
  if (answer.compare(space + 1, 3, "200") != 0) return unseen(place, "the answer is " + answer.substr(space + 1, 3));
  return answer.substr(body + 4);
}

}  // namespace

base::Result<std::string> look(const Place& place) {
  if (!place.at.starts_with("http://")) return look_at_files(place.at, place.only);
  auto body = get(place);
  if (body.has_error() || place.pointer.empty()) return body;
  const auto document = base::parse_json(*body, kMostAnswer);
  if (document.has_error()) return unseen(place, "the answer is not JSON");
  const auto* part = base::find_pointer(*document, place.pointer);
  return part == nullptr ? std::string("absent") : base::canonical_json(*part);
}

base::Result<std::string> look(const std::vector<Place>& places) {
  std::string out;
  for (const auto& place : places) {
    auto one = look(place);
    if (one.has_error()) return one;
    out += *one + "\n";
  }
  return out;
}

std::string difference(const std::string& before, const std::string& after) {
  std::size_t at = 0;
  while (at < before.size() && at < after.size() && before[at] == after[at]) ++at;
  const auto cut = [at](const std::string& text) {
    const auto line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
    const auto from = std::max(line, at > 60 ? at - 60 : 0);
    auto piece = text.substr(from, std::min<std::size_t>(text.find('\n', at), from + 160) - from);
    return piece.empty() ? std::string("nothing") : '"' + base::shorten(base::to_utf8(piece), 160) + '"';
  };
  return cut(before) + " became " + cut(after);
}

}  // namespace tenantry::stage
