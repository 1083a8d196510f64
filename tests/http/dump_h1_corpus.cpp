// Writes the inputs of the HTTP/1.1 corpus into files, for tools that cannot include it.
//
//   dump_h1_corpus DIRECTORY [PREFIX]
//
// Makes DIRECTORY/000, 001, … of PREFIX and an input each, and prints a line for each: its number
// and its name, with a tab between them.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "http/h1_corpus.hpp"

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: %s DIRECTORY [PREFIX]\n", argv[0]);
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  const std::string prefix = argc == 3 ? argv[2] : "";
  std::filesystem::create_directories(directory);
  int number = 0;
  for (const auto& one : weft::http::test::h1_corpus) {
    char name[16];
    std::snprintf(name, sizeof name, "%03d", number++);
    std::ofstream to(directory / name, std::ios::binary);
    to << prefix << one.input;
    if (!to.flush()) {
      std::fprintf(stderr, "error: cannot write %s\n", (directory / name).c_str());
      return 1;
    }
    std::printf("%s\t%.*s\n", name, static_cast<int>(one.name.size()), one.name.data());
  }
  return 0;
}
