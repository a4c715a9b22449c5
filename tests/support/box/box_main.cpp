#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "support/box/box.hpp"
#include "support/box/box_server.hpp"

/// iiab-box make --root DIR [--zims N]
/// iiab-box serve --root DIR [--port N] [--entries N]
/// iiab-box zim --dir DIR --name FILE_REF [--size BYTES] [--seed N]
namespace {

using namespace cmdsrv;
using namespace cmdsrv::test;

int Complain(const Error& error) {
  fmt::print(stderr, "iiab-box: {}\n", error.message);
  return 1;
}

int Serve(const std::string& root, const BoxServer::Options& options) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before threads exist, so that all of them leave it to this one
  const auto server = BoxServer::Start(std::filesystem::absolute(root), options);
  if (!server) return Complain(server.error());
  fmt::print("serving on {}\n", (*server)->Url(""));
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A small Internet-in-a-Box in one folder, and the internet for it");
  app.require_subcommand(1);
  std::string root;
  unsigned zims = 4;
  BoxServer::Options options;
  ZimSpec spec;

  auto* make = app.add_subcommand("make", "make the box, or add what is missing");
  make->add_option("--root", root, "the folder")->required();
  make->add_option("--zims", zims, "ZIMs on the mirror")->check(CLI::Range(0, 1000))->capture_default_str();
  make->add_option("--entries", options.entries, "entries of the catalog")->capture_default_str();

  auto* serve = app.add_subcommand("serve", "play the internet until SIGTERM");
  serve->add_option("--root", root, "the folder")->required();
  serve->add_option("--port", options.port, "0: any free one")->check(CLI::Range(0, 65535))->capture_default_str();
  serve->add_option("--entries", options.entries, "pad the OPDS feed to this number")->capture_default_str();

  auto* zim = app.add_subcommand("zim", "make one ZIM file");
  zim->add_option("--dir", root, "where to")->required();
  zim->add_option("--name", spec.file_ref, "file name without .zim")->required();
  zim->add_option("--size", spec.payload_bytes, "about this many bytes")->capture_default_str();
  zim->add_option("--seed", spec.seed, "other seed, other content")->capture_default_str();
  zim->add_flag("--full-text", spec.full_text_index, "with a full text index");

  CLI11_PARSE(app, argc, argv);
  std::cout.rdbuf(nullptr);  // libzim's writer talks there; what we say goes through stdout
  if (serve->parsed()) return Serve(root, options);
  if (zim->parsed()) {
    const auto made = MakeZim(root, spec);
    if (!made) return Complain(made.error());
    fmt::print("{}\n", *made);
    return 0;
  }
  BoxOptions box = UsualBox(zims);
  box.catalog_entries = options.entries;
  const auto made = MakeBox(root, box);
  return made ? 0 : Complain(made.error());
}
