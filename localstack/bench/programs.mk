# Read after the Makefile, so that what is compared is built alike:
# make -f Makefile -f localstack/bench/programs.mk bare ARCH=… TARGET_OS=… OUT=…
.PHONY: bare
bare:
	@$(call GO_BUILD,$(call goarch,$(ARCH))) -o "$(OUT)" ./localstack/bench/bare
