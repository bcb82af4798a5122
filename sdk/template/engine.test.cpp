// Runs the steps of my_engine without a host. Any test framework will do; this needs none.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <tenantry/testing/fake_host.hpp>

namespace fs = std::filesystem;
using namespace tenantry;

namespace {

int failures = 0;

void expect(bool so, const char* what) {
  if (so) return;
  ++failures;
  std::cerr << "not so: " << what << "\n";
}

// A folder for one test, gone afterwards.
class Folder {
 public:
  Folder() : path_((fs::temp_directory_path() / "my_engine-XXXXXX").string()) {
    if (!::mkdtemp(path_.data())) throw std::runtime_error("no temporary folder");
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void provisions_verifies_and_takes_back() {
  const Folder folder;
  testing::FakeHost host(tenantry_plugin_v1(), {{"directory", folder.path()}});
  host.document["request"] = {{"name", "acme"}, {"users", {"asha", "juma"}}};

  expect(host.run_all().outcome == TENANTRY_DONE, "all steps are done");
  expect(fs::exists(folder.path() + "/acme/juma.user"), "the second user is there");
  expect(host.run("add_users").outcome == TENANTRY_ALREADY_DONE, "a second time nothing is left to do");
  expect(host.verify("add_users").outcome == TENANTRY_DONE, "it is as it was left");

  fs::remove(folder.path() + "/acme/juma.user");
  expect(host.verify("add_users").outcome == TENANTRY_DRIFTED, "a user who is gone is noticed");

  for (int twice = 0; twice < 2; ++twice)
    for (const char* step : {"add_users", "write_profile", "make_workspace"})
      expect(host.undo(step).outcome == TENANTRY_DONE, "the step is taken back");
  expect(fs::is_empty(folder.path()), "nothing is left behind");
}

void stops_when_asked() {
  const Folder folder;
  testing::FakeHost host(tenantry_plugin_v1(), {{"directory", folder.path()}});
  host.document["request"] = {{"name", "acme"}, {"users", {"asha"}}};
  expect(host.run("make_workspace").outcome == TENANTRY_DONE, "the first step is done");
  host.cancel();
  expect(host.run("add_users").outcome == TENANTRY_CANCELLED, "the step stops");
}

void says_what_to_do_about_a_wrong_folder() {
  const Folder folder;
  std::ofstream(folder.path() + "/file") << "no folder";
  testing::FakeHost host(tenantry_plugin_v1(), {{"directory", folder.path() + "/file"}});
  host.document["request"] = {{"name", "acme"}};
  const auto report = host.run("make_workspace");
  expect(report.outcome == TENANTRY_FAILED, "trying again would not help");
  expect(report.code == "my_engine.folder", "the error has its code");
  expect(report.detail.count("next_action") == 1, "it says what to do");
}

}  // namespace

int main() {
  provisions_verifies_and_takes_back();
  stops_when_asked();
  says_what_to_do_about_a_wrong_folder();
  if (failures == 0) std::cout << "all is as expected\n";
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
