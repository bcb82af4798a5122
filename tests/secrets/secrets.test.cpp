#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <latch>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include "secrets/password.hpp"
#include "secrets/sealed.hpp"
#include "secrets/source.hpp"
#include "secrets/token.hpp"
#include "support/catch.hpp"

using namespace tenantry;
using namespace tenantry::secrets;

namespace {

// Small enough for a test; the format is the same.
constexpr PasswordCost kCheap{1, 8'192};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tenantry-secrets-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text, unsigned mode) const {
    std::ofstream(file(name)) << text;
    REQUIRE(::chmod(file(name).c_str(), mode) == 0);
    return file(name);
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

unsigned mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777U;
}

template <class T>
void check_error(const base::Result<T>& result, const std::string& code, const std::string& never = "\x01") {
  REQUIRE(result.has_error());
  CHECK(result.error().code == code);
  CHECK(result.error().message.ends_with("."));
  CHECK_FALSE(result.error().next_action.empty());
  CHECK(result.error().message.find(never) == std::string::npos);
}

const std::string kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string kSameInBase64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const std::string kCanary = "canary-Pa55-w0rd-ÄÖÜ";

Vault vault_of(const std::string& text = kHex) { return Vault(Key::parse(text).value()); }

}  // namespace

TEST_CASE("a password is verified by its hash, and only the right one") {
  Passwords passwords(kCheap);
  const auto hash = passwords.hash(kCanary).value();
  CHECK(hash.starts_with("$argon2id$"));
  CHECK(hash.find(kCanary) == std::string::npos);
  CHECK(passwords.verify(hash, kCanary).value());
  CHECK_FALSE(passwords.verify(hash, kCanary + "x").value());
  CHECK_FALSE(passwords.verify(hash, kCanary.substr(1)).value());
  CHECK_FALSE(passwords.verify(hash, "").value());
  CHECK_FALSE(passwords.verify(hash, std::string(100'000, 'x')).value());
  CHECK_FALSE(passwords.verify("", kCanary).value());
  CHECK_FALSE(passwords.verify("not a hash", kCanary).value());
  CHECK_FALSE(passwords.verify_nobody(kCanary).value());
  CHECK_FALSE(passwords.verify_nobody(kCanary).value());
  CHECK(passwords.hash(kCanary).value() != hash);
}

TEST_CASE("a password with a NUL is taken whole") {
  Passwords passwords(kCheap);
  const std::string with_nul("abc\0def", 7);
  const auto hash = passwords.hash(with_nul).value();
  CHECK(passwords.verify(hash, with_nul).value());
  CHECK_FALSE(passwords.verify(hash, "abc").value());
}

TEST_CASE("an empty and an endless password are refused") {
  Passwords passwords(kCheap);
  check_error(passwords.hash(""), "password.empty");
  check_error(passwords.hash(std::string(1'025, 'x')), "password.too_long", "xxx");
  CHECK(passwords.hash(std::string(1'024, 'x')).has_value());
}

TEST_CASE("a hash made at another cost is to be made anew") {
  Passwords cheap(kCheap);
  Passwords dearer(PasswordCost{2, 16'384});
  const auto hash = cheap.hash("password").value();
  CHECK_FALSE(cheap.needs_rehash(hash));
  CHECK(dearer.needs_rehash(hash));
  CHECK(dearer.needs_rehash("not a hash"));
  CHECK(dearer.verify(hash, "password").value());
}

TEST_CASE("the default cost is libsodium's interactive one") {
  Passwords passwords;
  const auto hash = passwords.hash("password").value();
  CHECK(hash.find("m=65536,t=2,p=1") != std::string::npos);
  CHECK(passwords.verify(hash, "password").value());
}

TEST_CASE("hashes beyond the line are refused as busy, those in line are made") {
  // 1 at work and 2 in line, of 12 at the same moment; each takes far longer than the others need to arrive.
  Passwords passwords(PasswordCost{3, 32U << 20U}, 1, 2);
  std::atomic<int> made{0};
  std::atomic<int> busy{0};
  std::latch ready(12);
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i)
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      const auto hash = passwords.hash("password");
      if (hash.has_value())
        ++made;
      else if (hash.error().kind == base::ErrorKind::kBusy && hash.error().code == "auth.busy")
        ++busy;
    });
  for (auto& thread : threads) thread.join();
  CHECK(made + busy == 12);
  CHECK(made >= 3);
  CHECK(busy >= 1);
  CHECK(passwords.hash("password").has_value());
}

TEST_CASE("tokens are 256 random bits behind a prefix, and stored by their hash") {
  std::set<std::string> texts;
  for (int i = 0; i < 100; ++i) {
    const auto token = new_token();
    CHECK(is_token(token.text));
    CHECK(token.text.starts_with("tnt_"));
    CHECK(token.text.size() == 47);
    CHECK(token.hash == token_hash(token.text));
    CHECK(token.hash.size() == 64);
    CHECK(token.hash.find(token.text.substr(4, 8)) == std::string::npos);
    texts.insert(token.text);
  }
  CHECK(texts.size() == 100);
  // Of the text "abc": BLAKE2b with 32 bytes.
  CHECK(token_hash("abc") == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  CHECK_FALSE(is_token(""));
  CHECK_FALSE(is_token("tnt_"));
  CHECK_FALSE(is_token("tnt_" + std::string(42, 'a')));
  CHECK_FALSE(is_token("tnt_" + std::string(42, 'a') + "="));
  CHECK_FALSE(is_token("xxx_" + std::string(43, 'a')));
}

TEST_CASE("what was sealed opens to the same secret, and never shows it") {
  const auto vault = vault_of();
  for (const auto& secret : {kCanary, std::string(), std::string("\0\n\xff", 3), std::string(100'000, 'x')}) {
    const auto sealed = vault.seal("ten_1", "admin_password", secret);
    CHECK((vault.open("ten_1", "admin_password", sealed).value() == secret));
    if (secret.size() > 3) CHECK(sealed.find(secret.substr(0, 4)) == std::string::npos);
    CHECK((vault.seal("ten_1", "admin_password", secret) != sealed));
  }
}

TEST_CASE("sealed bytes open only where they belong, under their key, and unchanged") {
  const auto vault = vault_of();
  const auto sealed = vault.seal("ten_1", "name", kCanary);
  check_error(vault.open("ten_2", "name", sealed), "secret.damaged", kCanary);
  check_error(vault.open("ten_1", "other", sealed), "secret.damaged", kCanary);
  check_error(vault.open("ten_1n", "ame", sealed), "secret.damaged", kCanary);
  check_error(vault.open("ten_1", "name", ""), "secret.damaged");
  check_error(vault.open("ten_1", "name", sealed + "x"), "secret.damaged", kCanary);
  check_error(vault.open("ten_1", "name", sealed.substr(0, sealed.size() - 1)), "secret.damaged", kCanary);

  const Vault other(Key::random());
  const auto wrong = other.open("ten_1", "name", sealed);
  check_error(wrong, "secret.other_key", kCanary);
  CHECK(wrong.error().message.find("another key") != std::string::npos);
  CHECK(wrong.error().message.find(kHex.substr(0, 8)) == std::string::npos);

  // Whichever bit is turned, it does not open.
  for (std::size_t i = 0; i < sealed.size(); ++i)
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto changed = sealed;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
      if (vault.open("ten_1", "name", changed).has_value()) FAIL("opens with bit " << bit << " of byte " << i);
    }
  CHECK(vault.open("ten_1", "name", sealed).value() == kCanary);
}

TEST_CASE("a key is read from hex and from base64, and nothing else is a key") {
  const auto sealed = vault_of().seal("t", "n", "secret");
  CHECK(vault_of(kSameInBase64).open("t", "n", sealed).value() == "secret");
  CHECK(vault_of(kSameInBase64.substr(0, 43)).open("t", "n", sealed).value() == "secret");
  for (const auto& text : {std::string(), std::string("secret-key"), kHex.substr(2), kHex + "00", kHex.substr(1) + "g",
                           std::string(44, '!'), kSameInBase64.substr(4)}) {
    CAPTURE(text);
    check_error(Key::parse(text), "key.invalid", text.empty() ? "\x01" : text);
  }
}

TEST_CASE("a key leaves nothing behind in the memory it was in") {
  const auto holds_key = [](const unsigned char* bytes, std::size_t size) {
    const auto key = Key::parse(kHex).value();
    for (std::size_t i = 0; i + 8 <= size; ++i)
      if (std::memcmp(bytes + i, key.data() + 8, 8) == 0) return true;
    return false;
  };
  alignas(Vault) unsigned char place[sizeof(Vault)] = {};
  auto* vault = new (place) Vault(Key::parse(kHex).value());
  CHECK(holds_key(place, sizeof place));
  vault->~Vault();
  CHECK_FALSE(holds_key(place, sizeof place));

  alignas(Key) unsigned char from_place[sizeof(Key)] = {};
  auto* from = new (from_place) Key(Key::parse(kHex).value());
  const Key to(std::move(*from));
  CHECK_FALSE(holds_key(from_place, sizeof from_place));
  CHECK(holds_key(to.data(), Key::kBytes));
  from->~Key();
}

TEST_CASE("the first start makes a key file that only its owner may read, and the next one uses it") {
  const Folder folder;
  const auto path = folder.file("key");
  const auto sealed = Vault(load_key("", path).value()).seal("t", "n", "secret");
  CHECK(mode_of(path) == 0600U);
  CHECK(folder.files() == 1);
  const auto before = content(path);
  CHECK(Vault(load_key("", path).value()).open("t", "n", sealed).value() == "secret");
  CHECK(content(path) == before);
  check_error(Vault(load_key("", folder.file("second")).value()).open("t", "n", sealed), "secret.other_key");
}

TEST_CASE("two first starts at the same moment end with one key") {
  const Folder folder;
  std::vector<std::string> fingerprints(4);
  std::latch ready(4);
  std::vector<std::thread> threads;
  for (auto& fingerprint : fingerprints)
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      if (const auto key = load_key("", folder.file("key")); key.has_value()) fingerprint = key->fingerprint();
    });
  for (auto& thread : threads) thread.join();
  for (const auto& fingerprint : fingerprints) {
    CHECK_FALSE(fingerprint.empty());
    CHECK(fingerprint == fingerprints.front());
  }
  CHECK(folder.files() == 1);
}

TEST_CASE("a key in the environment goes before the file, and no file is made") {
  const Folder folder;
  const auto key = load_key(kHex, folder.file("key"));
  REQUIRE(key.has_value());
  CHECK(key->fingerprint() == Key::parse(kHex)->fingerprint());
  CHECK_FALSE(std::filesystem::exists(folder.file("key")));
  check_error(load_key("too short", folder.file("key")), "key.invalid", "too short");
}

TEST_CASE("a key file that others may read, or that holds no key, is refused with one sentence") {
  const Folder folder;
  for (const unsigned mode : {0640U, 0604U, 0644U, 0660U, 0622U}) {
    const auto path = folder.write("key", kHex + "\n", mode);
    const auto refused = load_key("", path);
    check_error(refused, "key.exposed", kHex);
    CHECK(refused.error().message.find(path) != std::string::npos);
    CHECK(refused.error().next_action == "Run: chmod 600 " + path);
  }
  CHECK(load_key("", folder.write("key", kHex + "\n", 0600)).has_value());
  CHECK(load_key("", folder.write("key", kHex, 0400)).has_value());
  check_error(load_key("", folder.write("key", "nonsense", 0600)), "key.invalid", "nonsense");
  check_error(load_key("", folder.write("key", "\n", 0600)), "key.empty");
  check_error(load_key("", folder.write("key", std::string(70'000, 'a'), 0600)), "key.unreadable");
  check_error(load_key("", folder.file("no/such/folder/key")), "key.unreadable");
  check_error(load_key("", folder.file(".")), "key.unreadable");
}

TEST_CASE("a secret of the configuration is read from the variable or the file it names, anew each time") {
  const Folder folder;
  REQUIRE(::setenv("TENANTRY_TEST_SECRET", kCanary.c_str(), 1) == 0);
  const auto variable = Reference::parse("env:TENANTRY_TEST_SECRET").value();
  CHECK(variable.read().value() == kCanary);
  CHECK(variable.text() == "env:TENANTRY_TEST_SECRET");
  REQUIRE(::setenv("TENANTRY_TEST_SECRET", "", 1) == 0);
  check_error(variable.read(), "secret.unset");
  REQUIRE(::unsetenv("TENANTRY_TEST_SECRET") == 0);
  check_error(variable.read(), "secret.unset");

  const auto path = folder.write("password", "first\n", 0600);
  const auto file = Reference::parse("file:" + path).value();
  CHECK(file.read().value() == "first");
  static_cast<void>(folder.write("password", " second line\r\n", 0600));
  CHECK(file.read().value() == " second line");
  static_cast<void>(folder.write("password", kCanary, 0644));
  check_error(file.read(), "secret.exposed", kCanary);
  static_cast<void>(folder.write("password", "", 0600));
  check_error(file.read(), "secret.empty");
  std::filesystem::remove(path);
  check_error(file.read(), "secret.unreadable");
}

TEST_CASE("a secret itself in the configuration is refused and not repeated") {
  for (const std::string text : {"hunter2hunter2", "", "env:", "env:WITH SPACE", "env:1ST", "file:", "file:relative",
                                 "ENV:NAME", "vault:kv/erp"}) {
    CAPTURE(text);
    const auto refused = Reference::parse(text);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == "secret.reference");
    CHECK(refused.error().kind == base::ErrorKind::kInvalid);
    CHECK(refused.error().message.find("hunter2") == std::string::npos);
    CHECK(refused.error().message.find("vault:kv") == std::string::npos);
  }
}
