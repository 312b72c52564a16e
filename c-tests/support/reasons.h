/* Why the reference can't pass, where tests of several files have one reason. */
#ifndef FERROEV_REASONS_H
#define FERROEV_REASONS_H

#define ABORTS_ON_CLOSED "the reference aborts the process on a closed descriptor (poll, epoll)"
#define SIGNALFD_ON_AIO "a signalfd armed on linuxaio never becomes readable in the reference"

#endif
