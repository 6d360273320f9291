#include "probe.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static int prefix_of(const struct sockaddr *mask)
{
	const unsigned char *bytes;
	int length, bits = 0;

	if (!mask)
		return -1;
	if (mask->sa_family == AF_INET) {
		bytes = (const unsigned char *)&((const struct sockaddr_in *)mask)->sin_addr;
		length = 4;
	} else {
		bytes = (const unsigned char *)&((const struct sockaddr_in6 *)mask)->sin6_addr;
		length = 16;
	}
	for (int i = 0; i < length; i++)
		bits += __builtin_popcount(bytes[i]);
	return bits;
}

static void address_entry(const struct ifaddrs *entry)
{
	char text[INET6_ADDRSTRLEN];
	const void *address;

	if (!entry->ifa_addr || (entry->ifa_addr->sa_family != AF_INET && entry->ifa_addr->sa_family != AF_INET6))
		return;
	if (entry->ifa_addr->sa_family == AF_INET)
		address = &((const struct sockaddr_in *)entry->ifa_addr)->sin_addr;
	else
		address = &((const struct sockaddr_in6 *)entry->ifa_addr)->sin6_addr;
	json_open(NULL, '{');
	json_string("link", entry->ifa_name);
	json_string("address", inet_ntop(entry->ifa_addr->sa_family, address, text, sizeof(text)));
	json_number("prefix", prefix_of(entry->ifa_netmask));
	json_bool("up", entry->ifa_flags & IFF_UP);
	json_close('}');
}

/* /proc/net/route: one line a route after a heading; numbers are hexadecimal in the machine's byte order. */
static void report_routes(void)
{
	char *text = read_file("/proc/net/route"), *rest = NULL;
	char link[32], to[INET_ADDRSTRLEN], via[INET_ADDRSTRLEN];
	unsigned int destination, gateway, mask;

	json_open("routes", '[');
	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "%31s %x %x %*x %*d %*d %*d %x", link, &destination, &gateway, &mask) != 4)
			continue;
		json_open(NULL, '{');
		json_string("link", link);
		json_string("to", inet_ntop(AF_INET, &destination, to, sizeof(to)));
		json_number("prefix", __builtin_popcount(mask));
		json_string("via", inet_ntop(AF_INET, &gateway, via, sizeof(via)));
		json_close('}');
	}
	json_close(']');
}

void report_network(void)
{
	struct ifaddrs *list = NULL;
	struct if_nameindex *links = if_nameindex();

	json_open("links", '[');
	for (struct if_nameindex *link = links; link && link->if_index; link++)
		json_string(NULL, link->if_name);
	json_close(']');
	json_open("addresses", '[');
	if (getifaddrs(&list) == 0)
		for (struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
			address_entry(entry);
	json_close(']');
	report_routes();
	if (list)
		freeifaddrs(list);
	if (links)
		if_freenameindex(links);
}
