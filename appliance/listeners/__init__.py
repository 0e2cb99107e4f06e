"""The doors of the appliance: people (HTTPS, HTTP/2), devices (HTTPS, HTTP/1.1), plain HTTP."""
