# Read after the Makefile, so that what is compared is built alike:
# make -f Makefile -f bench/programs.mk bench-programs ARCH=… TARGET_OS=… OUT=…
.PHONY: bench-programs
bench-programs:
	@$(call GO_BUILD,$(call goarch,$(ARCH))) -o "$(OUT)/" ./bench/bare ./bench/hello
