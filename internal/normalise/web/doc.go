// Package web reads the access and error logs of web servers and proxies: nginx, Apache httpd and HAProxy.
package web
