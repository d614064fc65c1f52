// Package web reads the logs of web servers, proxies, content networks, web application firewalls and Java applications.
package web
