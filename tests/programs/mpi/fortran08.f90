! mpi_f08: array sections as buffers, contiguous and not, and the routines that take arrays of requests and statuses.
! Sections that are not contiguous may be used in non-blocking calls: the binding passes a description of them.
! @np 2 3
program fortran08
    use mpi_f08
    implicit none
    integer, parameter :: n = 200
    integer :: rank, size, right, left, i, index, count, done, indices(4), length
    integer, asynchronous :: a(n, n), b(n, n), line(n)
    integer :: f_status(MPI_STATUS_SIZE)
    integer(kind=MPI_COUNT_KIND) :: large
    integer(kind=MPI_ADDRESS_KIND) :: address
    logical :: flag
    character(len=MPI_MAX_ERROR_STRING) :: text
    type(MPI_Status) :: status, statuses(4)
    type(MPI_Request) :: requests(4), pair(2)
    type(MPI_Message) :: message
    type(MPI_Datatype) :: column, absolute
    type(MPI_Comm) :: comm
    call MPI_Init_thread(MPI_THREAD_SINGLE, i)
    call MPI_Comm_rank(MPI_COMM_WORLD, rank)
    call MPI_Comm_size(MPI_COMM_WORLD, size)
    right = mod(rank + 1, size)
    left = mod(rank + size - 1, size)
    call MPI_Comm_dup(MPI_COMM_WORLD, comm)
    call fill(a, rank)

    ! Rows (not contiguous), columns (contiguous), every second element, backwards: blocking and not.
    b = -1
    call MPI_Irecv(b(3, :), n, MPI_INTEGER, left, 1, comm, requests(1))
    call MPI_Irecv(b(:, 7), n, MPI_INTEGER, left, 2, comm, requests(2))
    call MPI_Isend(a(:, 7), n, MPI_INTEGER, right, 2, comm, requests(3))
    call MPI_Isend(a(3, :), n, MPI_INTEGER, right, 1, comm, requests(4))
    call MPI_Waitall(4, requests, statuses)
    call require(all(b(3, [1, 2, n]) == a(3, [1, 2, n]) + left - rank) .and. all(b(:, 7) == a(:, 7) + left - rank), 1)
    call require(b(2, 1) == -1 .and. b(4, n) == -1 .and. b(1, 8) == -1, 2)
    call MPI_Get_count(statuses(1), MPI_INTEGER, count)
    call require(count == n .and. statuses(1)%MPI_TAG == 1 .and. all(requests%MPI_VAL == MPI_REQUEST_NULL%MPI_VAL), 3)
    b = -1
    call MPI_Sendrecv(a(1:n:2, 1:n:2), n * n / 4, MPI_INTEGER, right, 3, b(2:n:2, 1:n:2), n * n / 4, MPI_INTEGER, left, 3, &
        comm, status)
    call require(all(b(2:n:2, 1:n:2) == a(1:n:2, 1:n:2) + left - rank) .and. all(b(1:n:2, :) == -1), 4)
    line = [(i + rank, i = 1, n)]
    call MPI_Isend(line(n:1:-1), n, MPI_INTEGER, right, 4, comm, requests(1))
    call MPI_Mprobe(left, 4, comm, message, status)
    call MPI_Mrecv(b(5, :), n, MPI_INTEGER, message, MPI_STATUS_IGNORE)
    call MPI_Wait(requests(1), MPI_STATUS_IGNORE)
    call require(all(b(5, :) == [(i + left, i = n, 1, -1)]), 5)
    call require(message == MPI_MESSAGE_NULL, 6)

    ! A section of a derived type; large counts; persistent requests on sections.
    call MPI_Type_vector(n, 1, n, MPI_INTEGER, column)
    call MPI_Type_commit(column)
    call MPI_Sendrecv(a(9, 1), 1, column, right, 5, b(:, 11), n, MPI_INTEGER, left, 5, comm, status)
    call require(all(b(:, 11) == a(9, :) + left - rank), 7)
    large = n
    call MPI_Irecv(b(:, 1), large, MPI_INTEGER, left, 6, comm, requests(1))
    call MPI_Send(a(:, 2), large, MPI_INTEGER, right, 6, comm)
    call MPI_Wait(requests(1), status)
    call MPI_Get_count(status, MPI_INTEGER, large)
    call require(large == n .and. all(b(:, 1) == a(:, 2) + left - rank), 8)
    call MPI_Send_init(a(4, :), n, MPI_INTEGER, right, 7, comm, pair(1))
    call MPI_Recv_init(b(6, :), n, MPI_INTEGER, left, 7, comm, pair(2))
    do i = 1, 3
        a(4, :) = i + rank
        call MPI_Startall(2, pair)
        call MPI_Waitall(2, pair, MPI_STATUSES_IGNORE)
        call require(all(b(6, :) == i + left), 9)
    end do
    call MPI_Start(pair(2))
    call MPI_Cancel(pair(2))
    call MPI_Wait(pair(2), status)
    call MPI_Test_cancelled(status, flag)
    call require(flag, 10)
    call MPI_Request_free(pair(1))
    call MPI_Request_free(pair(2))

    ! MPI_BOTTOM, and any request of several; indices are not looked at: MPICH 4.0.2 counts them from zero here.
    call MPI_Get_address(line, address)
    call MPI_Type_create_hindexed(1, [n], [address], MPI_INTEGER, absolute)
    call MPI_Type_commit(absolute)
    do i = 1, 4
        call MPI_Irecv(b(:, i), n, MPI_INTEGER, left, 10 + i, comm, requests(i))
    end do
    do i = 4, 1, -1
        call send_from_bottom(i)
        call MPI_Waitany(4, requests, index, status)
        call require(status%MPI_TAG > 10 .and. status%MPI_TAG <= 14 .and. status%MPI_SOURCE == left, 11)
    end do
    call MPI_Testall(4, requests, flag, MPI_STATUSES_IGNORE)
    call require(flag .and. all(b(:, 2) == [(i + left, i = 1, n)]), 12)
    call MPI_Irecv(b, 1, MPI_INTEGER, left, 20, comm, requests(3))
    call MPI_Request_get_status(requests(3), flag, status)
    call MPI_Send(a, 1, MPI_INTEGER, right, 20, comm)
    call MPI_Waitsome(4, requests, done, indices, statuses)
    call require(done == 1 .and. statuses(1)%MPI_SOURCE == left, 13)

    ! Statuses convert; errors come as codes.
    call MPI_Status_f082f(statuses(1), f_status)
    call require(f_status(MPI_TAG) == 20 .and. f_status(MPI_SOURCE) == left, 14)
    call MPI_Status_f2f08(f_status, status)
    call MPI_Get_elements(status, MPI_INTEGER, count)
    call require(count == 1, 15)
    call MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN)
    call MPI_Recv(b, -1, MPI_INTEGER, left, 0, comm, status, i)
    call MPI_Error_class(i, index)
    call MPI_Error_string(i, text, length)
    call require(index == MPI_ERR_COUNT .and. text(1:13) == 'Invalid count', 16)
    call MPI_Type_free(column)
    call MPI_Type_free(absolute)
    call MPI_Comm_free(comm)
    print '(a,i0)', 'passed on rank ', rank
    call MPI_Finalize()
contains
    subroutine fill(matrix, key)
        integer, intent(out) :: matrix(n, n)
        integer, intent(in) :: key
        integer :: k
        matrix = reshape([(k * 10 + key, k = 1, n * n)], [n, n])
    end subroutine
    subroutine send_from_bottom(tag)
        integer, intent(in) :: tag
        type(MPI_Request) :: request
        call MPI_Issend(MPI_BOTTOM, 1, absolute, right, 10 + tag, comm, request)
        do
            call MPI_Test(request, flag, status)
            if (flag) exit
        end do
    end subroutine
    subroutine require(condition, number)
        logical, intent(in) :: condition
        integer, intent(in) :: number
        if (condition) return
        print '(a,i0,a,i0)', 'rank ', rank, ': failed at ', number
        call MPI_Abort(MPI_COMM_WORLD, 9)
    end subroutine
end program
