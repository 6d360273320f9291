/* What the environment would say, which stage1 does not have: its own is empty, and so is its standard error. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0:exitcode=99:handle_segv=1:allow_user_segv_handler=0";
}
