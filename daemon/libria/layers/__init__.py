"""One layer a file; each is a service around another and sees only that one."""
