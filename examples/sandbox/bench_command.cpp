#include "sandbox/bench_command.hpp"

#include <unistd.h>

#include <boost/json.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "sandbox/http/client.hpp"

namespace tenantry::sandbox {

namespace {

std::uint16_t port_of(const std::string& url) {
  const auto colon = url.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string::npos) std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
  return port;
}

}  // namespace

int bench_command(const std::vector<std::string>& arguments) {
  const char* url = std::getenv("TENANTRY_SANDBOX_URL");
  const std::uint16_t port = url ? port_of(url) : std::uint16_t{0};
  if (port == 0) {
    std::cerr << "Set TENANTRY_SANDBOX_URL to the address that tenantry-sandbox printed.\n";
    return 2;
  }
  boost::json::object command;
  boost::json::array words;
  for (const auto& word : arguments) words.emplace_back(word);
  command["args"] = std::move(words);
  if (const char* stop_at = std::getenv("TENANTRY_SANDBOX_STOP_AT")) command["stop_at"] = stop_at;
  const auto answer = call(port, "POST", "/__sandbox/bench", {{"Content-Type", "application/json"}},
                           boost::json::serialize(command), std::chrono::hours(1));
  if (!answer || answer->status != 200) {
    std::cerr << "The sandbox at " << url << " does not answer.\n";
    return 1;
  }
  const boost::json::value result = boost::json::parse(answer->body);
  std::cout << result.at("output").as_string().c_str() << std::flush;
  const auto exit = static_cast<int>(result.at("exit").as_int64());
  if (exit == -9) ::kill(::getpid(), SIGKILL);
  return exit;
}

}  // namespace tenantry::sandbox
