#include "platform/box_facts.hpp"

#include <gmock/gmock.h>

#include "platform/files.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

TEST(BoxFacts, AreThoseOfTheRootAndTheKernel) {
  test::ScratchDirectory scratch;
  const Root root = *Root::At(scratch.Path());
  std::filesystem::create_directories(root.Path("/etc"));
  std::filesystem::create_directories(root.Path("/proc/device-tree"));
  test::Spit(root.Path("/etc/os-release"), "NAME=\"Raspberry Pi OS\"\nID=raspbian\nVERSION_ID=\"12\"\nbroken\n=x\n");
  test::Spit(root.Path("/proc/device-tree/model"), std::string_view("Raspberry Pi 4 Model B\0", 23));
  const json::object facts = ReadBoxFacts(root);
  EXPECT_EQ(PrintJson(facts.at("ansible_local")),
            R"({"local_facts":{"rpi_model":"Raspberry Pi 4 Model B","os":"raspbian","os_ver":"12"}})");
  EXPECT_EQ(facts.at("ansible_distribution"), "Raspberry Pi OS");
  EXPECT_EQ(facts.at("ansible_system"), "Linux");
  EXPECT_GT(facts.at("ansible_memtotal_mb").to_number<int>(), 0);
  EXPECT_TRUE(facts.at("ansible_default_ipv4").is_object());
}

TEST(BoxFacts, WithoutFilesTheyAreNone) {
  test::ScratchDirectory scratch;
  const json::object facts = ReadBoxFacts(*Root::At(scratch.Path()));
  EXPECT_EQ(facts.at("ansible_distribution"), "none");
  EXPECT_EQ(facts.at("ansible_local").at("local_facts").at("rpi_model"), "none");
}

TEST(BoxFacts, APiWithoutADeviceTree) {
  test::ScratchDirectory scratch;
  const Root root = *Root::At(scratch.Path());
  std::filesystem::create_directories(root.Path("/proc"));
  test::Spit(root.Path("/proc/cpuinfo"),
             "processor\t: 0\nmodel name\t: ARMv7 Processor\n\nRaspberry\nModel\t\t: Raspberry Pi 3 Model B Rev 1.2\n");
  EXPECT_EQ(ReadBoxFacts(root).at("ansible_local").at("local_facts").at("rpi_model"), "Raspberry Pi 3 Model B Rev 1.2");
}

}  // namespace
}  // namespace cmdsrv
