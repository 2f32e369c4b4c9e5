# `cmake --install` installs the program, the accelerators, the test sets that ship with their models, the documentation,
# a manual page and completions for bash and zsh. Every place is below the prefix, so that the whole can be moved.
include(GNUInstallDirs)

# The program writes its manual page and completions whenever it was linked.
set(described ${PROJECT_BINARY_DIR}/described)
file(MAKE_DIRECTORY ${described})
set(program ${CMAKE_COMMAND} -E env --unset=EDGEVAL_SHARE $<TARGET_FILE:edgeval>)
add_custom_command(TARGET edgeval POST_BUILD
  COMMAND ${program} man > ${described}/edgeval.1
  COMMAND ${program} completion bash > ${described}/edgeval
  COMMAND ${program} completion zsh > ${described}/_edgeval
  COMMENT "Writing the manual page and the completions of shells")

set(share ${CMAKE_INSTALL_DATADIR}/edgeval)
# eval/command/options/common_options.cpp looks for the shared files by this path from the program's folder.
file(RELATIVE_PATH share_from_program /${CMAKE_INSTALL_BINDIR} /${share})
target_compile_definitions(edgeval_eval_command PRIVATE EDGEVAL_SHARE_FROM_PROGRAM="${share_from_program}")

install(TARGETS edgeval RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY hwmodel/accelerators DESTINATION ${share}/hwmodel FILES_MATCHING PATTERN *.yaml)
install(DIRECTORY datasets/spoken datasets/captions DESTINATION ${share}/datasets
  FILES_MATCHING PATTERN *.safetensors PATTERN *.jsonl PATTERN *.flac PATTERN captions.?? PATTERN *.yaml
                 PATTERN profile.json PATTERN README.md)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md PATTERN *.png PATTERN *.svg)
install(FILES ${described}/edgeval.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${described}/edgeval DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${described}/_edgeval DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
